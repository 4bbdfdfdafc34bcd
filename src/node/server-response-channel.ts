/**
 * The way out for one response on a ServerResponse. Node writes the head; then `chunkedEncoding` is switched off, and
 * the framed octets that come here pass through `write` as they are (works on Node 20 to 26, keep-alive included).
 *
 * Where `write` is not Node's own, because a middleware compresses or records what passes, somebody else changes the
 * content behind us. Then Node frames (`isFraming`), and the seal can vouch for the end but not for count or digest.
 */
import { OutgoingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FieldPairs } from '../core/fields.ts';
import type { Channel, ChannelOptions } from './channel.ts';
import { canReset, lingeringClose, lingeringReset, reset, sendAll } from './linger.ts';
import { assertNotOurs } from './response-head.ts';

/** Fields about content that is not sent after all, when an error response takes its place. */
const ABOUT_CONTENT =
  /^(?:content-(?!security-policy).*|etag|last-modified|accept-ranges|cache-control|expires|trailer|transfer-encoding)$/;

export class ServerResponseChannel implements Channel {
  readonly isFraming: boolean;
  readonly #response: ServerResponse;
  readonly #options: ChannelOptions;
  #isOpen = true;

  /**
   * @throws Error if the head is out already
   * @throws TypeError for a field that only `respond` may set
   */
  constructor(response: ServerResponse, options: ChannelOptions) {
    if (response.headersSent) throw new Error('The head of this response is out already: call respond before writing');
    if (response.req.httpVersionMajor > 1) {
      throw new TypeError('HTTP/2 frames and ends its streams itself: respond is for HTTP/1.1');
    }
    assertNotOurs(response.getHeaderNames());
    this.#response = response;
    this.#options = options;
    const isNode = process.versions.bun === undefined && process.versions.deno === undefined;
    this.isFraming = !isNode || response.write !== OutgoingMessage.prototype.write;
    response.on('close', this.#onClose).on('error', ignore);
    response.setTimeout(options.idleTimeout, this.#onTimeout);
    // Before Node's own listener, which would answer FIN with FIN: that looks like the end of such a body.
    if (options.isDelimitedByClose) response.req.socket.prependListener('end', this.#onEnd);
  }

  get canReset(): boolean {
    return canReset(this.#response.req.socket);
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
      if (name === 'Vary') values.unshift(...[response.getHeader(name) ?? []].flat().map(String));
      response.setHeader(name, values.length === 1 ? values[0]! : values);
    }
    // "Connection: close", which Node would add, makes some clients take a cut body for a whole one. It still closes.
    if (!response.shouldKeepAlive && !isError) response.removeHeader('Connection');
    response.writeHead(status);
    if (!this.isFraming) response.chunkedEncoding = false;
    return [];
  }

  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void {
    if (pieces.length === 0) return onSent();
    const response = this.#response;
    response.cork();
    for (let i = 0; i < pieces.length - 1; i++) response.write(pieces[i]!);
    response.write(pieces.at(-1)!, onSent);
    response.uncork();
  }

  addTrailers(trailers: FieldPairs): void {
    this.#response.addTrailers(trailers);
  }

  finish(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    const response = this.#response;
    this.#isOpen = false;
    if (this.isGone) return onDone(false);
    const onClose = () => settle(false);
    const settle = (isSent: boolean) => {
      response.off('finish', onFinish).off('close', onClose);
      onDone(isSent);
    };
    const onFinish = () => settle(true);
    response.once('finish', onFinish).once('close', onClose);
    this.write(pieces, ignore);
    response.end();
  }

  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#sendBehindContent(pieces, (socket, isSent) => {
      if (socket !== undefined) lingeringClose(socket, this.#options.lingerTimeout);
      onDone(isSent);
    });
  }

  reset(onDone: (isSent: boolean) => void): void {
    this.#sendBehindContent([], (socket, isSent) => {
      if (socket === undefined) onDone(isSent);
      else lingeringReset(socket, this.#options.lingerTimeout, () => onDone(isSent));
    });
  }

  /** Sends octets past Node's framing, behind all content; then the socket is ours, if there is one. */
  #sendBehindContent(
    pieces: readonly Uint8Array[],
    onDone: (socket: Socket | undefined, isSent: boolean) => void,
  ): void {
    const response = this.#response;
    this.#isOpen = false;
    if (this.isGone) return onDone(undefined, false);
    // What a compressor still holds is content: it goes out before the ending.
    if (this.isFraming) (response as { flush?(): void }).flush?.();
    const send = (socket: Socket) => sendAll(socket, pieces, (isSent) => onDone(socket, isSent));
    if (response.socket) return send(response.socket);
    // Behind a pipelined response, there is no socket yet; the client may leave before there is.
    const onClose = () => {
      response.off('socket', send);
      onDone(undefined, false);
    };
    response
      .once('close', onClose)
      .once('socket', () => response.off('close', onClose))
      .once('socket', send);
  }

  readonly #onEnd = (): void => {
    if (this.#isOpen) reset(this.#response.req.socket);
  };

  readonly #onClose = (): void => {
    if (this.#isOpen) this.#options.onGone();
  };

  readonly #onTimeout = (): void => {
    if (this.#isOpen) this.#options.onIdle();
    else this.#response.socket?.destroy(); // it takes nothing of what is queued
  };
}

function ignore(): void {}
