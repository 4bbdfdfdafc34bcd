/**
 * The seal on one ClientRequest of `node:http`: an upload whose end can be trusted. Nobody negotiates: whoever sends it knows
 * the server. The head is looked at when Node is about to send it; `write` and `end` count and hash, as on a response.
 *
 * `destroy(error)`, which `pipeline` calls, cuts an open body after all that was written, FIN first; for a server that is
 * known to read the status, the body ends cleanly before, and says why it failed.
 */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { algorithmsOf } from '../../core/content-digest.ts';
import { describeFailure } from '../../core/failure.ts';
import { type FieldPairs, listMembers } from '../../core/fields.ts';
import { Seal } from '../../core/seal.ts';
import { createHasher } from '../hashing.ts';
import { MIN_LEAVING, queuedBytes } from '../send/channel.ts';
import { endUncorked, holdSocket, sendAll, uncorkAll } from '../send/closing.ts';
import { willBeChunked } from '../send/node-framing.ts';
import { PipedSources } from '../send/piped-sources.ts';
import { MAX_TIMEOUT } from '../timeouts.ts';
import { joined, trailersWith } from './announcing.ts';
import { pairsOf } from './head-arguments.ts';
import type { SealingOptions } from './sealed-response.ts';
import { bytesOf, isContent, refused } from './write-arguments.ts';

const METHODS = ['_implicitHeader', 'write', 'end', 'addTrailers', 'destroy'] as const;
type Method = (typeof METHODS)[number];
type Call = (...args: unknown[]) => unknown;

export class SealedRequest {
  readonly #request: ClientRequest;
  readonly #before: Record<Method, Call>;
  readonly #sources: PipedSources | undefined;
  #options: SealingOptions;
  #state: 'open' | 'over' = 'open';
  #seal: Seal | undefined;
  /** The arguments of an `end` that is to send the head as well. */
  #lastArguments: unknown[] | undefined;
  #trailers: FieldPairs = [];

  constructor(request: ClientRequest, options: SealingOptions) {
    this.#request = request;
    this.#options = options;
    const target = request as unknown as Record<Method, Call>;
    this.#before = Object.fromEntries(METHODS.map((name) => [name, target[name]])) as Record<Method, Call>;
    Object.assign(request, {
      _implicitHeader: () => this.#commit(),
      write: (...args: unknown[]) => this.#write(args),
      end: (...args: unknown[]) => this.#end(args),
      addTrailers: (fields: unknown) => this.#addTrailers(fields),
      destroy: (error?: Error) => this.#destroy(error),
    });
    // With Expect, Node makes the head at once: then the application has announced what comes.
    const { _header } = request as unknown as { _header?: string | null };
    const announces = /\r\ntrailer:[^\r]*x-stream-status/i.test(_header ?? '');
    if (request.headersSent && announces && request.chunkedEncoding) this.#seal = this.#newSeal();
    if (options.watchSources === false) return;
    this.#sources = new PipedSources(request, (error) => {
      if (this.#canFail) request.destroy(error);
    }).listen();
  }

  addOptions(options: SealingOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  #newSeal(): Seal {
    const { digest = 'sha-256' } = this.#options;
    return new Seal({ algorithms: algorithmsOf(digest), createHasher });
  }

  #commit(): void {
    const request = this.#request;
    const others = request.getHeader('Trailer');
    const isVouchedFor = listMembers(others as string | undefined).includes('x-stream-status');
    const head = { get: (name: string) => request.getHeader(name) as string | undefined };
    const seal = !isVouchedFor && willBeChunked(request, head) ? this.#newSeal() : undefined;
    if (seal !== undefined) request.setHeader('Trailer', joined([seal.names, others as string | undefined]));
    try {
      this.#pass('_implicitHeader', []);
    } catch (error) {
      if (others === undefined) request.removeHeader('Trailer');
      else request.setHeader('Trailer', others);
      throw error;
    }
    this.#seal = seal;
    if (this.#lastArguments !== undefined) this.#finish(this.#lastArguments);
  }

  #write(args: unknown[]): unknown {
    const request = this.#request;
    if (this.#state === 'over' && !request.writableEnded) return refused(args, false);
    const isTaken = !request.writableEnded && !request.destroyed;
    const result = this.#pass('write', args);
    if (isTaken) this.#seal?.update(bytesOf(args));
    return result;
  }

  #end(args: unknown[]): unknown {
    const request = this.#request;
    if (this.#state === 'over' && !request.writableEnded) return refused(args, request);
    if (request.writableEnded || request.destroyed || !isContent(args[0])) return this.#pass('end', args);
    if (request.headersSent) this.#finish(args);
    else this.#lastArguments = args;
    try {
      return endUncorked(request, () => this.#pass('end', args));
    } catch (error) {
      if (!request.writableEnded) this.#state = 'open'; // as for another length than was promised
      throw error;
    } finally {
      this.#lastArguments = undefined;
    }
  }

  #addTrailers(fields: unknown): void {
    this.#pass('addTrailers', [fields]);
    this.#trailers = pairsOf(fields) as FieldPairs;
  }

  #finish(last: unknown[]): void {
    this.#state = 'over';
    if (this.#seal === undefined) return;
    this.#seal.update(bytesOf(last));
    this.#sendTrailers(this.#seal.finish());
  }

  #sendTrailers(fields: FieldPairs): void {
    this.#pass('addTrailers', [trailersWith(this.#trailers, fields)]);
  }

  get #canFail(): boolean {
    const { destroyed, writableEnded, headersSent, socket } = this.#request;
    return this.#state === 'open' && headersSent && !destroyed && !writableEnded && socket?.destroyed === false;
  }

  #destroy(error: Error | undefined): unknown {
    const request = this.#request;
    if (this.#state === 'over' && !request.writableEnded) return request; // it is leaving
    if (!this.#canFail) return this.#pass('destroy', [error]);
    const cause = error ?? this.#sources?.errored;
    this.#sources?.forget();
    this.#state = 'over';
    const { describeError, serverReadsStatus = false } = this.#options;
    uncorkAll(request);
    if (this.#seal !== undefined && serverReadsStatus) {
      this.#sendTrailers(this.#seal.fail(describeFailure(cause, describeError)));
      this.#pass('end', []);
    }
    this.#leave(request.socket!, error);
    return request;
  }

  /** FIN after all that was written, then reads until the server closes; the request is destroyed only then. */
  #leave(socket: Socket, error: Error | undefined): void {
    const lingerTimeout = Math.min(this.#options.lingerTimeout ?? 5000, MAX_TIMEOUT);
    Reflect.set(socket, '_hadError', true); // else Node would tell of a hang-up before
    let letGo = holdSocket(socket, () => false);
    let timer: NodeJS.Timeout | undefined;
    const destroy = () => {
      clearTimeout(timer);
      socket.off('end', destroy).off('close', destroy);
      letGo();
      if (error === undefined) Reflect.set(socket, '_hadError', false); // as ever
      this.#pass('destroy', error === undefined ? [] : [error]);
    };
    socket.once('end', destroy).once('close', destroy);
    let queued = -1;
    const look = () => {
      const left = queuedBytes(socket);
      if (left === queued) return destroy(); // the server takes nothing more
      queued = left;
      timer = setTimeout(look, Math.max(lingerTimeout, MIN_LEAVING));
    };
    look();
    sendAll(socket, [], () => {
      clearTimeout(timer);
      letGo();
      socket.end();
      letGo = holdSocket(socket, () => false);
      timer = setTimeout(destroy, lingerTimeout);
    });
  }

  #pass(name: Method, args: unknown[]): unknown {
    return Reflect.apply(this.#before[name], this.#request, args);
  }
}
