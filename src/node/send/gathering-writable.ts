/**
 * A Writable that sends together what was written in one tick, without what Writable costs a call. It keeps the promises
 * of Writable: the order of data and callbacks, backpressure and 'drain', cork, errors, what is refused.
 *
 * Writable itself is used once a send. When there is something to send it is given one octet, the token; when it hands
 * that to `_write`, all that waits by then is sent. One send is under way at a time, and what is written meanwhile
 * leaves with the next. The last content leaves together with the end, which `_final` then finds done.
 */
import { type Readable, Writable } from 'node:stream';
import { MAX_WAITING_BYTES, OutgoingContent } from './outgoing-content.ts';

export type WriteCallback = (error?: Error | null) => void;

const TOKEN = Buffer.alloc(1);
const OPTIONS = { highWaterMark: MAX_WAITING_BYTES };

/** One send: whom to tell when it is over. Nobody is in it before `_write` takes what waits. */
class Send {
  callbacks: readonly WriteCallback[] | undefined;
}

/** The same for all streams: a closure for each would stay with every open response. */
let onTick: (stream: GatheringWritable) => void;
let onPipe: (this: GatheringWritable, source: Readable) => void;
let onUnpipe: (this: GatheringWritable, source: Readable) => void;

export abstract class GatheringWritable extends Writable {
  /** Undefined while nothing waits: a response that is open and idle is to hold little. */
  #waiting: OutgoingContent | undefined;
  /** Whether the last content was much. */
  #isLarge = false;
  /** Of the writes whose content waits. */
  #callbacks: WriteCallback[] | undefined;
  /** That of the token that Writable has. */
  #due: Send | undefined;
  /** Octets written and not yet sent. */
  #length = 0;
  #corks = 0;
  #encoding: BufferEncoding = 'utf8';
  /** Neither ended nor destroyed. */
  #isOpen = true;
  #isSending = false;
  #isEnding = false;
  /** The end has been given to be sent, with the last content. */
  #isEndSent = false;
  /** What came of that, and whom to tell. */
  #endResult: { error: Error | null | undefined } | undefined;
  #onEnded: WriteCallback | undefined;
  #isScheduled = false;
  #needsDrain = false;

  constructor() {
    super(OPTIONS);
    this.on('pipe', onPipe);
  }

  /** A source has been piped in. */
  protected onPipe(_source: Readable): void {
    // Before the listener of Node's own `pipe`, which looks there whether its source waits for us, and lets it go on.
    if (!this.listeners('unpipe').includes(onUnpipe)) this.prependListener('unpipe', onUnpipe);
  }

  /** One has been taken off. */
  protected onUnpipe(_source: Readable): void {
    const { _writableState: state } = this as unknown as { _writableState?: { needDrain: boolean } };
    if (state === undefined || !this.#needsDrain) return;
    state.needDrain = true;
    process.nextTick(() => {
      state.needDrain = false; // else Writable would emit 'drain' by itself
    });
  }

  static {
    // Accessors in Node, properties in its types: TypeScript would not let accessors override them.
    Object.defineProperties(GatheringWritable.prototype, {
      writableLength: getter((stream) => stream.#length),
      writableCorked: getter((stream) => stream.#corks),
      writableNeedDrain: getter((stream) => stream.#isOpen && stream.#needsDrain),
    });
    onTick = (stream) => {
      stream.#isScheduled = false;
      stream.#sendWaiting();
    };
    onPipe = function (source) {
      this.onPipe(source);
    };
    onUnpipe = function (source) {
      this.onUnpipe(source);
    };
  }

  /** Sends the content; `onSent` once it has left, or with an error. It may be empty. */
  protected abstract sendContent(content: OutgoingContent, onSent: WriteCallback): void;

  /**
   * Sends the last content, if some waits, and whatever ends it: `onSent` once the content has left, then `onEnded`.
   */
  protected sendEnd(content: OutgoingContent | undefined, onSent: WriteCallback, onEnded: WriteCallback): void {
    if (content === undefined) return onEnded();
    this.sendContent(content, (error) => {
      onSent(error);
      onEnded(error);
    });
  }

  /** What has been written and not been sent: for a stream that is being destroyed, which will not send it by itself. */
  protected takeWaiting(): OutgoingContent {
    const waiting = this.#waiting ?? new OutgoingContent();
    this.#waiting = undefined;
    this.#isLarge = waiting.isLarge;
    return waiting;
  }

  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding?: BufferEncoding, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (typeof encoding === 'function') return this.#write(chunk, undefined, encoding);
    return this.#write(chunk, encoding, callback);
  }

  #write(chunk: unknown, encoding: unknown, callback?: unknown): boolean {
    const length = this.#isOpen ? this.#add(chunk, encoding) : undefined;
    if (length === undefined) return super.write(chunk, encoding as BufferEncoding, callback as WriteCallback); // refuses it
    this.#length += length;
    if (typeof callback === 'function') this.#addCallback(callback as WriteCallback);
    const isFull = this.#length >= MAX_WAITING_BYTES;
    if (isFull) this.#needsDrain = true;
    if (isFull) this.#sendWaiting();
    else if (!this.#isScheduled) this.#schedule();
    return !isFull && this.#isOpen && !this.errored;
  }

  override end(callback?: () => void): this;
  override end(chunk: unknown, callback?: () => void): this;
  override end(chunk: unknown, encoding?: BufferEncoding, callback?: () => void): this;
  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (typeof chunk === 'function') return this.end(undefined, undefined, chunk as () => void);
    if (typeof encoding === 'function') return this.end(chunk, undefined, encoding as () => void);
    if (!this.#isOpen) return super.end(chunk, encoding as BufferEncoding, callback as () => void);
    if (chunk !== undefined && chunk !== null) this.#write(chunk, encoding);
    this.#corks = 0;
    this.#isEnding = true;
    // It may be sending still: then Writable keeps the token, and ends behind it.
    if (this.#hasWaiting() && this.#due === undefined) this.#send();
    this.#isOpen = false;
    return super.end(typeof callback === 'function' ? (callback as () => void) : undefined);
  }

  override destroy(error?: Error | null, callback?: WriteCallback): this {
    if (!this.destroyed && this.#hasWaiting() && this.#due === undefined) {
      super.cork();
      this.#send(); // never to be sent: so that Writable tells when and why
    }
    this.#isOpen = false;
    return (super.destroy as (error?: Error | null, callback?: WriteCallback) => this)(error, callback);
  }

  override cork(): void {
    this.#corks++;
  }

  override uncork(): void {
    if (this.#corks > 0) this.#corks--;
    this.#sendWaiting();
  }

  override setDefaultEncoding(encoding: BufferEncoding): this {
    super.setDefaultEncoding(encoding); // refuses an unknown one
    this.#encoding = encoding;
    return this;
  }

  override _write(data: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#isSending = true;
    if (data === TOKEN) {
      const send = this.#due!;
      this.#due = undefined;
      return this.#sendAll(send, callback);
    }
    // A pipe may come here past `write` (Node 26.12).
    this.#content.add(data);
    this.#length += data.length;
    const send = new Send();
    const onSent = (error?: Error | null) => {
      callback(error);
      this.#tell(send.callbacks, error);
    };
    process.nextTick(() => {
      if (this.destroyed) callback();
      else this.#sendAll(send, onSent);
    });
  }

  #sendAll(send: Send, callback: WriteCallback): void {
    const content = this.takeWaiting();
    send.callbacks = this.#callbacks;
    this.#callbacks = undefined;
    const onSent = (error?: Error | null) => {
      this.#isSending = false;
      this.#length -= content.size;
      if (error && this.#isOpen && this.#hasWaiting() && this.#due === undefined) this.#send(); // as in destroy
      try {
        callback(error);
      } finally {
        this.#sendWaiting(); // whatever a listener of 'drain' throws
      }
    };
    if (!this.#isEnding || this.#due !== undefined) return this.sendContent(content, onSent);
    this.#isEndSent = true;
    this.sendEnd(content, onSent, (error) => {
      this.#endResult = { error };
      this.#onEnded?.(error);
    });
  }

  override _final(callback: WriteCallback): void {
    if (!this.#isEndSent) this.sendEnd(undefined, () => {}, callback);
    else if (this.#endResult === undefined) this.#onEnded = callback;
    else callback(this.#endResult.error);
  }

  /** @returns octets, or undefined for what Writable is to refuse */
  #add(chunk: unknown, encoding: unknown): number | undefined {
    const name = (encoding || this.#encoding) as BufferEncoding;
    if (chunk instanceof Uint8Array) {
      if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(name)) return undefined;
      this.#content.add(chunk);
      return chunk.length;
    }
    if (typeof chunk === 'string' && (name === 'utf8' || name === 'utf-8')) return this.#content.addText(chunk);
    if (typeof chunk === 'string' && !Buffer.isEncoding(name)) return undefined;
    if (typeof chunk === 'string') return this.#add(Buffer.from(chunk, name), undefined);
    if (!ArrayBuffer.isView(chunk)) return undefined;
    return this.#add(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength), encoding);
  }

  #hasWaiting(): boolean {
    return this.#callbacks !== undefined || (this.#waiting !== undefined && this.#waiting.size > 0);
  }

  get #content(): OutgoingContent {
    this.#waiting ??= new OutgoingContent(this.#isLarge);
    return this.#waiting;
  }

  #addCallback(callback: WriteCallback): void {
    if (this.#callbacks === undefined) this.#callbacks = [callback];
    else this.#callbacks.push(callback);
  }

  #schedule(): void {
    this.#isScheduled = true;
    process.nextTick(onTick, this);
  }

  #sendWaiting(): void {
    const isFree = this.#isOpen && !this.#isSending && this.#corks === 0 && this.#due === undefined;
    if (isFree && this.#hasWaiting()) this.#send();
  }

  #send(): void {
    const send = new Send();
    this.#due = send;
    super.write(TOKEN, (error) => {
      // Still due: Writable has not handed it to `_write`, and never will.
      if (this.#due === send) this.#failWaiting(error);
      else this.#tell(send.callbacks, error);
    });
  }

  /** A send is over, and Writable says so. */
  #tell(callbacks: readonly WriteCallback[] | undefined, error: Error | null | undefined): void {
    if (!error && this.writableNeedDrain && this.#length === 0) {
      this.#needsDrain = false;
      this.emit('drain');
    }
    if (callbacks === undefined) return;
    for (const callback of callbacks) {
      try {
        callback(error);
      } catch (thrown) {
        process.nextTick(() => {
          throw thrown;
        });
      }
    }
  }

  #failWaiting(error: Error | null | undefined): void {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    this.#length = 0;
    this.#tell(callbacks, error);
  }
}

function getter(get: (stream: GatheringWritable) => unknown): PropertyDescriptor & ThisType<GatheringWritable> {
  return {
    configurable: true,
    get() {
      return get(this);
    },
  };
}
