/**
 * The response as its writer has it: head, content and end, each according to what negotiation.ts says that the request
 * has earned.
 *
 * It is in one phase: `waiting` until the head is committed, with the first content, the end, or `flushHeaders()`, so that a
 * source that fails before still gets an ordinary error response; `open`; `ending`, once the end of the message is on its
 * way; `over`.
 */
import type { Readable } from 'node:stream';
import type { CreateHasher } from '../../core/content-digest.ts';
import { describeFailure } from '../../core/failure.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { assertWholeContent } from '../../core/in-content.ts';
import { ownTrailers, Seal, trailerNames } from '../../core/seal.ts';
import { destroyOnAbort } from '../abort-signal.ts';
import {
  type ResponseEnd,
  type ResponseFailed,
  type ResponseStart,
  responseEnd,
  responseFailed,
  responseStart,
} from '../diagnostics.ts';
import { hasNoContent } from '../head/message-head.ts';
import { type BodyWriter, ChunkedWriter, InContentWriter, LengthWriter, NoWriter, PlainWriter } from './body-writer.ts';
import type { Channel, ChannelOptions, MessageFacts, OnDone } from './channel.ts';
import { GatheringWritable, type WriteCallback } from './gathering-writable.ts';
import { inContentEndings, isInContent } from './in-content.ts';
import {
  algorithmsFor,
  type Ending,
  type FailureEnding,
  type Negotiated,
  negotiate,
  type RequestFacts,
} from './negotiation.ts';
import type { OutgoingContent } from './outgoing-content.ts';
import { PipedSources } from './piped-sources.ts';
import { type RespondOptions, resolved } from './respond-options.ts';
import { assertStatus, errorMessage, type MakeErrorResponse } from './response-head.ts';

export type OpenChannel = (options: ChannelOptions) => Channel;

/** What the head will say, and how the message goes on. */
interface Plan {
  status: number;
  fields: FieldPairs;
  negotiated: Negotiated;
  seal: Seal | undefined;
}

const NO_WRITER = new NoWriter();

type Phase = 'waiting' | 'open' | 'ending' | 'over';

/**
 * A Writable for the content of one response, which ends the message according to its outcome: `end()` seals it;
 * `destroy(error)`, which is what `pipeline` calls when the source fails, ends it as a failure that no client can take for
 * success.
 */
export class StreamResponse extends GatheringWritable {
  readonly #channel: Channel;
  readonly #request: RequestFacts;
  readonly #options: RespondOptions;
  readonly #createHasher: CreateHasher;
  readonly #fields: FieldPairs;
  readonly #asksToClose: boolean;
  readonly #isInContent: boolean;
  #phase: Phase = 'waiting';
  /** Known from the commit of the head on. */
  #negotiated: Negotiated | undefined;
  #body: BodyWriter = NO_WRITER;
  #seal: Seal | undefined;
  #ending: Ending | undefined;
  /** Bytes of content that have been given to the channel. */
  #bytes = 0;
  /** Why it failed, where no error may be emitted. */
  #cause: Error | undefined;
  /** Undefined while none has been. */
  #sources: PipedSources | undefined;

  /** @param open opens the way out; invalid options are thrown before */
  constructor(open: OpenChannel, request: RequestFacts, options: RespondOptions, createHasher: CreateHasher) {
    super();
    this.#createHasher = createHasher;
    const { idleTimeout, lingerTimeout, fields, asksToClose } = resolved(options);
    this.#options = options;
    this.#fields = fields;
    this.#asksToClose = asksToClose;
    this.#isInContent = isInContent(options.framing);
    this.#request = request;
    this.#channel = open({
      idleTimeout,
      lingerTimeout,
      onGone: () => this.destroy(),
      onIdle: () => this.#destroyQuietly(idled(idleTimeout)),
      onShutdown: (error) => this.#destroyQuietly(error),
      onForeign: (what) => this.#destroyQuietly(endedByAnother(what)),
      hasContent: () => this.writableLength > 0,
    });
    destroyOnAbort(options.signal, this);
    if (this.#channel.isGone) process.nextTick(() => this.destroy());
    else if (hasNoContent(request.method, options.status)) setImmediate(() => this.#endWithoutContent());
    else if (options.flushHeaders) process.nextTick(() => this.flushHeaders());
  }

  /** How the body was ended; undefined while it is open. Final when the response has closed. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /**
   * Whether nobody reads any more from what has been written: it may be written over.
   *
   * @internal
   */
  get hasLetGo(): boolean {
    return this.writableLength === 0 && this.#channel.returnsBuffers;
  }

  /**
   * Sends the head at once, for events and slow sources. A failure after it is a failure of the body. Does nothing once the
   * head is out.
   */
  flushHeaders(): void {
    if (this.#phase !== 'waiting' || this.destroyed) return;
    try {
      this.#channel.flushHead(this.#commit(this.#plan()));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  protected override onPipe(source: Readable): void {
    super.onPipe(source);
    this.#sources ??= new PipedSources(this, (error) => this.#destroyQuietly(error));
    this.#sources.add(source);
  }

  protected override onUnpipe(source: Readable): void {
    super.onUnpipe(source);
    this.#sources?.drop(source);
  }

  protected override sendEnd(
    content: OutgoingContent | undefined,
    onSent: WriteCallback,
    onEnded: WriteCallback,
  ): void {
    let pieces: Uint8Array[];
    try {
      pieces = this.#endOf(content);
    } catch (error) {
      onSent(error as Error);
      return onEnded(error as Error);
    }
    this.#ending = this.#negotiated!.framing === 'none' ? 'none' : this.#seal ? 'trailers' : 'plain';
    this.#phase = 'ending';
    this.#channel.finish(pieces, (isSent) => {
      this.#phase = 'over';
      if (isSent) {
        if (this.#channel.returnsBuffers) content?.release();
        onSent();
        if (responseEnd.hasSubscribers) responseEnd.publish(this.#summary());
        return onEnded();
      }
      this.#ending = 'none';
      this.#publishFailure(null);
      // Without an error, `pipeline` would take a stream that has been ended for a finished one.
      const error = clientLeft();
      this.#destroyQuietly(error);
      onSent(error);
    });
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.#sources?.forget();
    const cause = error ?? this.#cause ?? null;
    if (this.#phase === 'ending' || this.#phase === 'over') return callback(error);
    const channel = this.#channel;
    this.#sendUnsent();
    const isFailing = (this.#phase as Phase) === 'open';
    this.#phase = 'ending';
    const end = (ending: Ending): OnDone => {
      this.#ending = ending;
      return (isSent) => {
        this.#phase = 'over';
        if (!isSent) this.#ending = 'none';
        this.#publishFailure(cause);
        callback(error);
      };
    };
    const failureEnding = this.#failureEnding();
    // Even to a client that seems to have left: it may be reading still.
    if (isFailing && failureEnding === 'reset') return channel.reset(cause === null, end('reset'));
    if (channel.isGone) return channel.close([], end('none'));
    if (isFailing) this.#fail(cause, failureEnding, end(failureEnding));
    else this.#sendError(cause, end);
  }

  protected override sendContent(content: OutgoingContent, onSent: WriteCallback): void {
    const onWritten = (error?: Error | null) => {
      if (!error && this.#channel.returnsBuffers) content.release();
      if (!error || this.closed) return onSent(error);
      // A client that leaves is no error of this response: it is destroyed without one, before the callback tells.
      this.once('close', () => onSent(error)).destroy();
    };
    try {
      // Empty content does not commit the head: the source may still fail before its first byte.
      this.#channel.write(content.size === 0 ? [] : this.#encode(content), onWritten);
    } catch (error) {
      onSent(error as Error);
    }
  }

  /** The octets that carry the content, with the head before them, if it is not out yet. */
  #encode(content: OutgoingContent): Uint8Array[] {
    const { length } = this.#options;
    const plan = this.#phase === 'waiting' ? this.#plan() : undefined;
    const { framing } = plan?.negotiated ?? this.#negotiated!;
    const bytes = this.#bytes + content.size;
    if (length !== undefined && bytes > length && framing !== 'none') {
      throw new LengthError(`The content is longer than the ${length} bytes that were promised`);
    }
    const head = plan === undefined ? [] : this.#commit(plan);
    this.#bytes = bytes;
    if (this.#seal !== undefined) for (const piece of content.pieces()) this.#seal.update(piece);
    const pieces = this.#body.write(content);
    // The head does not wait for an octet that is held back.
    if (plan !== undefined && head.length + pieces.length === 0) this.#channel.flushHead([]);
    return head.length === 0 ? pieces : [...head, ...pieces];
  }

  /**
   * Reads and checks status and fields.
   *
   * @throws TypeError, RangeError for what cannot be sent
   */
  #plan(): Plan {
    const { extraTrailers, length, seal: isSealed = true } = this.#options;
    const channel = this.#channel;
    const { status = channel.status } = this.#options;
    assertStatus(status);
    if (this.#isInContent) assertWholeContent(status);
    // Whoever frames for us may change the content.
    const hasLength = length !== undefined && !this.#isInContent && !channel.isShared;
    const offer = { isSealed, hasLength };
    const earned = negotiate(this.#request, status, offer);
    const negotiated = this.#isInContent ? inContentEndings(earned) : earned;
    const { framing, hasTrailers, failureEnding } = negotiated;
    if (framing === 'until-close' && failureEnding === 'reset' && !channel.canReset) throw new CannotFailError();
    const fields = [...this.#fields];
    if (framing === 'chunked') fields.push(['Transfer-Encoding', 'chunked']);
    // A 205 without content is framed all the same (RFC 9110 §15.3.6).
    if (status === 205) fields.push(['Content-Length', '0']);
    if (hasLength) {
      // The head of HEAD says what that of GET would (RFC 9110 §9.3.2).
      const { method, httpVersion, headers } = this.#request;
      const described = method === 'HEAD' ? negotiate({ httpVersion, headers }, status, offer).framing : framing;
      if (described === 'length') fields.push(['Content-Length', String(length)]);
      else if (described !== 'until-close' && described !== 'none') fields.push(['X-Stream-Length', String(length)]);
    }
    const seal =
      hasTrailers || (this.#isInContent && framing !== 'none' && isSealed) ? this.#sealFor(negotiated) : undefined;
    if (hasTrailers) fields.push(['Trailer', [...seal!.names, ...trailerNames(extraTrailers)].join(', ')]);
    // A cache must not give a failure that ends cleanly to a client that cannot see it.
    if (hasTrailers && failureEnding === 'clean-failure') fields.push(['Vary', 'X-Want-Stream-Status']);
    return { status, fields, negotiated, seal };
  }

  /**
   * Begins the message.
   *
   * @returns the head, where it is ours to send
   * @throws whatever a hook of the application throws
   */
  #commit({ status, fields, negotiated, seal }: Plan): Uint8Array[] {
    const { isShared } = this.#channel;
    const head = this.#channel.begin(status, fields, this.#factsOf(negotiated));
    this.#phase = 'open';
    this.#negotiated = negotiated;
    this.#seal = seal;
    this.#body = this.#writerFor(negotiated.framing, isShared);
    if (responseStart.hasSubscribers)
      responseStart.publish({ response: this, request: this.#request, status } satisfies ResponseStart);
    return head;
  }

  #sealFor(negotiated: Negotiated): Seal {
    const { digest = 'sha-256' } = this.#options;
    const counts = !this.#channel.isShared || this.#isInContent;
    return new Seal({
      algorithms: counts ? algorithmsFor(negotiated, digest) : [],
      createHasher: this.#createHasher,
      counts,
    });
  }

  #writerFor(framing: Negotiated['framing'], isShared: boolean): BodyWriter {
    if (framing === 'none') return NO_WRITER;
    const chunked = framing === 'chunked' && !isShared ? new ChunkedWriter() : undefined;
    if (this.#isInContent) return new InContentWriter(chunked);
    if (framing === 'length') return new LengthWriter(this.#options.length!);
    return chunked ?? new PlainWriter(this.#channel.framer);
  }

  #factsOf({ framing, isPersistent, failureEnding }: Negotiated): MessageFacts {
    const isDelimitedByClose = framing === 'until-close';
    const closes = this.#asksToClose || isDelimitedByClose || this.#channel.isDraining;
    const tellsFailure = failureEnding === 'clean-failure' || failureEnding === 'abort';
    return { isPersistent: isPersistent && !closes, closes, isDelimitedByClose, tellsFailure };
  }

  /** How a failure ends, once the head is out. Nobody below us may record a failure that ends cleanly as a whole body. */
  #failureEnding(): FailureEnding {
    const { failureEnding } = this.#negotiated ?? { failureEnding: 'cut' };
    const { isShared, framer } = this.#channel;
    if (!isShared || this.#isInContent) return failureEnding;
    const isLost = failureEnding === 'clean-failure' || (failureEnding === 'abort' && !framer?.sendsChunks);
    return isLost ? 'cut' : failureEnding;
  }

  /** Ends a body whose head is out, as a failure. */
  #fail(error: Error | null, ending: FailureEnding, onDone: OnDone): void {
    const reason = describeFailure(error, this.#options.describeError);
    const seal = this.#seal ?? new Seal({ counts: false });
    if (ending === 'clean-failure') return this.#channel.finish(this.#body.end(seal.fail(reason)), onDone);
    if (ending === 'none') return this.#channel.finish([], onDone);
    this.#channel.close(ending === 'abort' ? this.#body.abort({ kind: 'error', ...reason }) : [], onDone);
  }

  /** Nothing has been sent: an ordinary response takes the place of the one that failed. */
  #sendError(error: Error | null, end: (ending: Ending) => OnDone): void {
    const { errorResponse } = this.#options;
    const message = errorMessage(error, errorResponse as MakeErrorResponse, defaultStatusOf(error));
    const { isPersistent } = negotiate(this.#request, message.status);
    const closes = this.#asksToClose || this.#channel.isDraining;
    const facts = {
      isPersistent: isPersistent && !closes,
      closes,
      isDelimitedByClose: false,
      tellsFailure: false,
    };
    let pieces: Uint8Array[];
    try {
      pieces = this.#channel.beginError(message.status, message.fields, facts);
    } catch {
      return this.#channel.close([], end('none')); // a hook of the application forbids any head, or sent its own
    }
    const hasContent = this.#request.method !== 'HEAD';
    this.#channel.finish(hasContent ? [...pieces, message.content] : pieces, end('error-response'));
  }

  /** What was written before a failure arrives before it. */
  #sendUnsent(): void {
    const content = this.takeWaiting();
    if (content.size === 0) return;
    try {
      const pieces = this.#encode(content);
      if (pieces.length > 0) this.#channel.write(pieces, () => {});
    } catch {
      // there is no head that it could go after
    }
  }

  /** The last content and the end of a whole body. What can still be sent of a body that is not whole has been. */
  #endOf(content: OutgoingContent | undefined): Uint8Array[] {
    const carried = content === undefined || content.size === 0 ? [] : this.#encode(content);
    try {
      return [...carried, ...this.#goodEnd()];
    } catch (error) {
      if (carried.length > 0) this.#channel.write(carried, () => {});
      throw error;
    }
  }

  #goodEnd(): Uint8Array[] {
    const { length, extraTrailers } = this.#options;
    const plan = this.#phase === 'waiting' ? this.#plan() : undefined;
    const { negotiated = this.#negotiated!, seal = this.#seal } = plan ?? {};
    if (length !== undefined && this.#bytes < length && negotiated.framing !== 'none') {
      throw new LengthError(`The content ended after ${this.#bytes} of the ${length} bytes that were promised`);
    }
    const trailers = seal === undefined ? [] : [...seal.finish(), ...ownTrailers(extraTrailers)];
    const head = plan === undefined ? [] : this.#commit(plan); // last: what throws before leaves room for an error response
    return [...head, ...this.#body.end(trailers)];
  }

  /** A message without a body does not wait for a source, which is destroyed: unless it ends or fails by itself at once. */
  #endWithoutContent(): void {
    if (this.destroyed || this.writableEnded) return;
    this.flushHeaders();
    if (this.destroyed) return;
    const late = () => {
      if (this.destroyed || this.writableEnded) return;
      this.#phase = 'ending';
      this.#ending = 'none';
      this.#channel.finish([], () => {
        this.#phase = 'over';
        if (responseEnd.hasSubscribers) responseEnd.publish(this.#summary());
        this.destroy();
      });
    };
    setImmediate(late);
  }

  /** An error that a peer, or somebody else's code, has caused: it ends no process where nobody listens. */
  #destroyQuietly(error: Error): void {
    this.#cause ??= error;
    // `pipe` listens for 'error' only to throw it where nobody else does.
    this.#sources?.unpipe();
    this.destroy(this.listenerCount('error') > 0 ? error : undefined);
  }

  #publishFailure(error: Error | null): void {
    if (!responseFailed.hasSubscribers) return;
    responseFailed.publish({ ...this.#summary(), error: error ?? undefined } satisfies ResponseFailed);
  }

  #summary(): ResponseEnd {
    return { response: this, request: this.#request, ending: this.#ending!, bytes: this.#bytes };
  }
}

/** The status of an error response that the application does not make itself. */
function defaultStatusOf(error: unknown): number {
  if (error instanceof CannotFailError) return 505;
  return (error as { code?: unknown } | null)?.code === 'ERR_SERVER_SHUTDOWN' ? 503 : 500;
}

/** The content is not as long as was promised. */
class LengthError extends Error {
  readonly code = 'ERR_CONTENT_LENGTH_MISMATCH';
}

/** Why an HTTP/1.0 request cannot be answered with a body that may fail. */
class CannotFailError extends Error {
  constructor() {
    super('HTTP/1.0 on a socket without RST cannot show that a body failed: use HTTP/1.1, or a length');
  }
}

function idled(idleTimeout: number): Error {
  return Object.assign(new Error(`Nothing moved for ${idleTimeout} ms`), { code: 'ETIMEDOUT' });
}

function endedByAnother(what: string): Error {
  return new Error(`${what} was ended or written to by somebody else while the body was open`);
}

/** What Node calls a stream that closes before its end has gone through. */
function clientLeft(): Error {
  const error = new Error('The client left before it had the end of the body');
  return Object.assign(error, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
}
