/**
 * The way through a middleware that has replaced `res.write`, as compression does: the response is written to as any
 * Writable, by return value, and goes on with 'drain' or a callback, whichever comes, since middleware drops either. What
 * can be flushed is flushed, so that a slow source is seen, and before a connection is closed.
 *
 * A stream of zlib tells when it has flushed. `compression` shows its own to whoever listens for 'drain'; of any other
 * middleware, only what comes out of it is seen.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { deflateRaw, type Gzip } from 'node:zlib';

/** Milliseconds that content may wait in a compressor before it is flushed. */
const FLUSH_DELAY = 50;
/** Milliseconds between two looks; without a byte in between, a middleware that was flushed has given all it had. */
const QUIET = 100;
/** What has to be compressed between two looks as well: on a busy machine a compressor is not done in any fixed time. */
const WITNESS = Buffer.alloc(65_536, 'a line, much like any other\n');
const WITNESS_TURNS = 4;
/** Milliseconds to wait for its first byte, where it has something to give, and in all: a compressor has threads of its own. */
const MAX_FLUSH = 2000;

/** The callback is the third: some middleware takes whatever is the second for an encoding. */
export type Write = (data: Uint8Array, encoding: undefined, onWritten: (error?: Error | null) => void) => boolean;

export class Middleware {
  readonly #response: ServerResponse;
  readonly #write: Write;
  #flushTimer: NodeJS.Timeout | undefined;
  /** What waits for a callback or 'drain'. One listener for all: a compressor passes it on, and gives none back. */
  #waiting: (() => void) | undefined;
  #isListening = false;
  /** What the connection had written when something was first written since the last flush. */
  #bytesBefore: number | undefined;

  /** @param write what the middleware has put in the place of `res.write` */
  constructor(response: ServerResponse, write: Write) {
    this.#response = response;
    this.#write = write;
  }

  /** Calls back when more may be written. One write at a time. */
  write(pieces: readonly Uint8Array[], onWritten: () => void): void {
    const response = this.#response;
    const goOn = () => {
      if (this.#waiting === onWritten) this.#goOn();
    };
    this.#waiting = onWritten;
    this.#bytesBefore ??= response.socket?.bytesWritten ?? 0;
    let isFree = true;
    for (const piece of pieces) isFree = this.#write.call(response, piece, undefined, goOn) !== false;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      this.#bytesBefore = undefined;
      flush(response);
    }, FLUSH_DELAY).unref();
    if (isFree) return void process.nextTick(goOn);
    if (this.#isListening) return;
    this.#isListening = true;
    response.on('drain', () => this.#goOn());
  }

  /** Calls back when it has given to the connection what it had, as far as it can be told to. */
  flush(connection: Pick<Socket, 'bytesWritten' | 'destroyed'>, onGiven: () => void): void {
    const compressor = compressorOf(this.#response);
    if (compressor !== undefined) return giveAll(compressor, onGiven);
    // What passed straight through is out already.
    let isDue = this.#bytesBefore === connection.bytesWritten;
    if (!flush(this.#response)) return onGiven();
    const start = performance.now();
    let last = connection.bytesWritten;
    const look = () => {
      const { bytesWritten, destroyed } = connection;
      const isQuiet = bytesWritten === last && !isDue;
      if (destroyed || isQuiet || performance.now() - start > MAX_FLUSH) return onGiven();
      if (bytesWritten !== last) isDue = false;
      last = bytesWritten;
      afterQuiet(look);
    };
    afterQuiet(look);
  }

  /** Nothing more will be written. */
  stop(): void {
    clearTimeout(this.#flushTimer);
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}

/** @returns whether there is something to flush */
export function flush(response: ServerResponse): boolean {
  const { flush } = response as ServerResponse & { flush?: () => void };
  if (typeof flush !== 'function') return false;
  flush.call(response);
  return true;
}

/** The stream of zlib above the response, where `on` of the middleware hands listeners for 'drain' to it. */
function compressorOf(response: ServerResponse): Gzip | undefined {
  if (!Object.hasOwn(response, 'on')) return undefined;
  const target: unknown = response.on('drain', ignore);
  if (!(target instanceof Transform)) {
    response.off('drain', ignore);
    return undefined;
  }
  target.off('drain', ignore);
  return 'flush' in target && 'bytesWritten' in target ? (target as Gzip) : undefined;
}

/** Calls back when the stream has given all that was written to it, or is closed and gives nothing more. */
function giveAll(compressor: Gzip, onGiven: () => void): void {
  // A client that reads slowly makes the middleware pause it: what is left is to wait below it.
  const goOn = () => process.nextTick(() => compressor.resume());
  let isOver = false;
  const onOver = () => {
    if (isOver) return;
    isOver = true;
    compressor.off('pause', goOn).off('close', onOver);
    while (compressor.read() !== null); // to the middleware, which listens for 'data'
    onGiven();
  };
  if (compressor.closed) return onGiven();
  // Of one that has been ended, and is destroyed before its end has come, `flush` tells nothing.
  compressor.on('pause', goOn).on('close', onOver).resume();
  compressor.flush(onOver);
}

/** Calls back after the time, and after as much work in the threads of zlib as a compressor may have had before it. */
function afterQuiet(look: () => void): void {
  let turns = WITNESS_TURNS;
  const turn = () => {
    if (turns-- > 0) deflateRaw(WITNESS, turn);
    else look();
  };
  setTimeout(turn, QUIET);
}

function ignore(): void {}
