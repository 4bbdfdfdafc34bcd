/**
 * The way out for one response on a ServerResponse. Node writes the head; then `chunkedEncoding` is switched off, and
 * the framed octets that come here pass through `write` as they are (works on Node 20 to 26, keep-alive included).
 *
 * Where `write` is not Node's own, because a middleware compresses or records what passes, somebody else changes the
 * content behind us. Then Node frames (`isFraming`), and the seal can vouch for the end but not for count or digest.
 */
import { OutgoingMessage, type ServerResponse } from 'node:http';
import type { FieldPairs } from '../core/fields.ts';
import type { Channel } from './channel.ts';
import { lingeringClose, lingeringReset, type Patience, writeTogether } from './linger.ts';
import { assertNotOurs } from './response-head.ts';

/** Fields about content that is not sent after all, when an error response takes its place. */
const ABOUT_CONTENT =
  /^(?:content-(?!security-policy).*|etag|last-modified|accept-ranges|cache-control|expires|trailer|transfer-encoding)$/;

export class ServerResponseChannel implements Channel {
  readonly isFraming: boolean;
  readonly #response: ServerResponse;
  readonly #patience: Patience;
  readonly #onGone: () => void;

  /**
   * @param onGone called once if the client leaves while the channel is open
   * @throws Error if the head is out already
   * @throws TypeError for a field that only `respond` may set
   */
  constructor(response: ServerResponse, patience: Patience, onGone: () => void) {
    if (response.headersSent) throw new Error('The head of this response is out already: call respond before writing');
    if (response.req.httpVersionMajor > 1) {
      throw new TypeError('HTTP/2 frames and ends its streams itself: respond is for HTTP/1.1');
    }
    assertNotOurs(response.getHeaderNames());
    this.#response = response;
    this.#patience = patience;
    this.#onGone = onGone;
    const isNode = process.versions.bun === undefined && process.versions.deno === undefined;
    this.isFraming = !isNode || response.write !== OutgoingMessage.prototype.write;
    response.on('close', onGone).on('error', ignore);
  }

  get isGone(): boolean {
    return this.#response.destroyed || this.#response.closed || this.#response.writableEnded;
  }

  begin(status: number, fields: FieldPairs, isError: boolean): Uint8Array[] {
    const response = this.#response;
    if (isError) {
      for (const name of response.getHeaderNames()) if (ABOUT_CONTENT.test(name)) response.removeHeader(name);
    }
    for (const name of new Set(fields.map(([one]) => one))) {
      const values = fields.filter(([one]) => one === name).map(([, value]) => value);
      response.setHeader(name, values.length === 1 ? values[0]! : values);
    }
    // "Connection: close", which Node would add, makes some clients take a cut body for a whole one. It still closes.
    if (!response.shouldKeepAlive && !isError) response.removeHeader('Connection');
    response.writeHead(status);
    if (!this.isFraming) response.chunkedEncoding = false;
    return [];
  }

  write(pieces: readonly Uint8Array[], onSent: () => void): void {
    if (pieces.length === 0) return onSent();
    const response = this.#response;
    response.cork();
    for (let i = 0; i < pieces.length - 1; i++) response.write(pieces[i]!);
    response.write(pieces.at(-1)!, (error) => {
      if (!error) onSent();
    });
    response.uncork();
  }

  addTrailers(trailers: FieldPairs): void {
    this.#response.addTrailers(trailers);
  }

  finish(pieces: readonly Uint8Array[], isPersistent: boolean, onDone: (isSent: boolean) => void): void {
    const response = this.#response;
    if (!isPersistent) response.shouldKeepAlive = false;
    this.#settleOnce(onDone, (settle) => {
      this.write(pieces, ignore);
      response.end(() => settle(true));
    });
  }

  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#flush(pieces, (isSent) => {
      if (this.#response.socket) lingeringClose(this.#response.socket, this.#patience);
      onDone(isSent);
    });
  }

  reset(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#flush(pieces, (isSent) => {
      if (this.#response.socket) lingeringReset(this.#response.socket, this.#patience);
      onDone(isSent);
    });
  }

  /** Sends octets of our own framing behind all content, whoever has framed that. */
  #flush(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    const response = this.#response;
    this.#settleOnce(onDone, (settle) => {
      // What a compressor still holds is content: it goes out before the ending.
      if (this.isFraming) (response as { flush?(): void }).flush?.();
      const onWritten = (error?: Error | null) => settle(!error);
      if (!this.isFraming && pieces.length > 0) this.write(pieces, () => settle(true));
      else if (response.socket) writeTogether(response.socket, pieces, onWritten);
      else response.once('socket', (socket) => writeTogether(socket, pieces, onWritten));
    });
  }

  /** Calls `onDone` once: when the work settles, the client leaves, or it takes nothing for too long. */
  #settleOnce(onDone: (isSent: boolean) => void, work: (settle: (isSent: boolean) => void) => void): void {
    const response = this.#response;
    response.off('close', this.#onGone);
    if (this.isGone) return onDone(false);
    const { idleTimeout } = this.#patience;
    const timer = idleTimeout > 0 ? setTimeout(() => response.destroy(), idleTimeout).unref() : undefined;
    const onClose = () => settle(false);
    let isSettled = false;
    const settle = (isSent: boolean) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      response.off('close', onClose);
      onDone(isSent);
    };
    response.once('close', onClose);
    work(settle);
  }
}

function ignore(): void {}
