/**
 * The way out for one response on a ServerResponse. Node writes the head; then `chunkedEncoding` is switched off, and
 * the framed octets that come here pass through `write` as they are (works on Node 20 to 26, keep-alive included).
 *
 * Where `write` is not Node's own, because a middleware compresses or records what passes, somebody else may change the
 * content behind us. Then Node frames (`isFraming`), and the seal can vouch for the end but not for count or digest.
 */
import { OutgoingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FieldPairs, listMembers } from '../../core/fields.ts';
import { isNode, returnsBuffers } from '../socket-use.ts';
import type { Channel, ChannelOptions } from './channel.ts';
import { canReset, lingeringClose, lingeringReset, reset, sendAll } from './closing.ts';
import { assertNotOurs } from './response-head.ts';

/** Fields about content that is not sent after all, when an error response takes its place. */
const ABOUT_CONTENT =
  /^(?:content-(?!security-policy).*|etag|last-modified|accept-ranges|cache-control|expires|trailer|transfer-encoding)$/;

export class ServerResponseChannel implements Channel {
  readonly isFraming: boolean;
  readonly canReset: boolean;
  readonly returnsBuffers: boolean;
  readonly #response: ServerResponse;
  /** The client's connection, which a response behind a pipelined one has not been given yet. */
  readonly #connection: Socket;
  readonly #options: ChannelOptions;
  #isOpen = true;

  /**
   * @throws Error if the head is out already
   * @throws TypeError for a field that only `respond` may set, or HTTP/2
   */
  constructor(response: ServerResponse, options: ChannelOptions) {
    if (response.headersSent) throw new Error('The head of this response is out already: call respond before writing');
    if (response.req.httpVersionMajor > 1) {
      throw new TypeError('HTTP/2 frames and ends its streams itself: respond is for HTTP/1.1');
    }
    assertNotOurs(response.getHeaderNames());
    this.#response = response;
    this.#connection = response.req.socket;
    this.#options = options;
    this.canReset = canReset(this.#connection);
    this.isFraming = !isNode || response.write !== OutgoingMessage.prototype.write;
    this.returnsBuffers = !this.isFraming && returnsBuffers(this.#connection);
    response.on('close', this.#onClose).on('error', ignore);
    this.#connection.on('close', this.#onClose); // a response that waits behind another does not hear of it
    this.#connection.on('timeout', this.#onTimeout).setTimeout(options.idleTimeout);
    // Before Node's own listener, which would answer FIN with FIN: that looks like the end of such a body.
    if (options.isDelimitedByClose) this.#connection.prependListener('end', this.#onEnd);
    // Node destroys a connection that is silent unless its response listens.
    response.on('timeout', ignore);
  }

  get isGone(): boolean {
    const response = this.#response;
    return response.destroyed || response.closed || response.writableEnded || this.#connection.destroyed;
  }

  begin(status: number, fields: FieldPairs, isError: boolean): Uint8Array[] {
    const response = this.#response;
    if (isError) {
      for (const name of response.getHeaderNames()) if (ABOUT_CONTENT.test(name)) response.removeHeader(name);
    }
    for (const [name, values] of grouped(fields)) {
      if (name === 'Vary') values.unshift(...[response.getHeader(name) ?? []].flat().map(String));
      response.setHeader(name, values.length === 1 ? values[0]! : values);
    }
    if (this.#closesBehind()) {
      response.shouldKeepAlive = false;
      // Said aloud, "Connection: close" makes some clients take a cut body for a whole one.
      if (!isError) response.removeHeader('Connection');
    }
    response.writeHead(status);
    if (!this.isFraming) response.chunkedEncoding = false;
    return [];
  }

  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void {
    if (pieces.length === 0) return onSent();
    const response = this.#response;
    // Corked even for one piece: Node would cork it itself, and uncork a tick later.
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
    this.#connection.off('end', this.#onEnd); // from here on, FIN is what the body ends with
    this.#endWith(onDone, (settle) => {
      response.once('finish', () => settle(true));
      this.write(pieces, ignore);
      response.end();
    });
  }

  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#endWith(onDone, (settle) => {
      this.#sendBehindContent(pieces, (socket, isSent) => {
        lingeringClose(socket, this.#options.lingerTimeout);
        settle(isSent);
      });
    });
  }

  reset(onDone: (isSent: boolean) => void): void {
    let wasSent = false;
    const onOver = (isSent: boolean) => onDone(isSent || wasSent);
    this.#endWith(onOver, (settle) => {
      this.#sendBehindContent([], (socket, isSent) => {
        wasSent = isSent;
        lingeringReset(socket, this.#options.lingerTimeout, () => settle(isSent));
      });
    });
  }

  /** Whether the connection cannot go on behind this response, for any reason that Node or the application has. */
  #closesBehind(): boolean {
    const response = this.#response as ServerResponse & { maxRequestsOnConnectionReached?: boolean };
    const connection = response.getHeader('connection');
    return (
      this.#options.closes ||
      !response.shouldKeepAlive ||
      response.maxRequestsOnConnectionReached === true ||
      listMembers(connection === undefined ? '' : String(connection)).includes('close')
    );
  }

  /** Runs the end of the response. `onDone` is called once: when it settles, or when the client leaves before. */
  #endWith(onDone: (isSent: boolean) => void, end: (settle: (isSent: boolean) => void) => void): void {
    const response = this.#response;
    const connection = this.#connection;
    this.#isOpen = false;
    let isSettled = false;
    const settle = (isSent: boolean) => {
      if (isSettled) return;
      isSettled = true;
      for (const emitter of [response, connection]) emitter.off('close', this.#onClose).off('close', onLost);
      connection.off('timeout', this.#onTimeout).off('end', this.#onEnd);
      response.off('timeout', ignore);
      onDone(isSent);
    };
    const onLost = () => settle(false);
    if (this.isGone) return settle(false);
    for (const emitter of [response, connection]) emitter.on('close', onLost);
    connection.setTimeout(this.#options.idleTimeout); // it may have fired: from here on it is for what is queued
    end(settle);
  }

  /** Sends octets past Node's framing, behind all content; then the socket is ours. */
  #sendBehindContent(pieces: readonly Uint8Array[], onSent: (socket: Socket, isSent: boolean) => void): void {
    const response = this.#response;
    const send = (socket: Socket) => sendAll(socket, pieces, (isSent) => onSent(socket, isSent));
    if (response.socket) send(response.socket);
    // Behind a pipelined response: Node hands over the connection, and then sends what has waited.
    else response.once('socket', (socket: Socket) => process.nextTick(send, socket));
  }

  readonly #onClose = (): void => {
    if (this.#isOpen) this.#options.onGone();
  };

  readonly #onEnd = (): void => {
    reset(this.#connection);
  };

  /** The socket's own timer knows of octets that move within one large write. */
  readonly #onTimeout = (): void => {
    if (this.#isOpen) this.#options.onIdle();
    else if (this.#options.isDelimitedByClose) reset(this.#connection);
    else this.#connection.destroy(); // it takes nothing of what is queued
  };
}

/** The values of each name. */
function grouped(fields: FieldPairs): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const others = values.get(name);
    if (others === undefined) values.set(name, [value]);
    else others.push(value);
  }
  return values;
}

function ignore(): void {}
