/** Reads the octets of one message head from a socket, bounded in time, and puts back what lies behind it. */
import type { Socket } from 'node:net';
import { HeadError, type HeadErrorCode } from '../../core/errors.ts';
import { guard, putBack, takeAhead } from '../socket-use.ts';
import { HeadScanner } from './head-scanner.ts';

export interface ReadHeadOptions {
  /** The code for a socket that closes before the head is whole. */
  closedCode: Extract<HeadErrorCode, 'ERR_NO_REQUEST' | 'ERR_NO_RESPONSE'>;
  maxHeadBytes: number;
  /** Milliseconds for the whole head; 0 for no bound. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/**
 * @returns the head's octets, with the empty line; what came behind them is back in the socket, which is paused
 * @throws HeadError `closedCode`, ERR_HEAD_LIMIT, ERR_HEAD_MALFORMED (bare LF), ERR_HEAD_TIMEOUT; the signal's reason
 */
export async function readHead(socket: Socket, options: ReadHeadOptions): Promise<Buffer> {
  const { closedCode, maxHeadBytes, timeout, signal } = options;
  const isRequest = closedCode === 'ERR_NO_REQUEST';
  const scanner = new HeadScanner(maxHeadBytes, isRequest);
  const closed = (cause?: unknown) => {
    const { bytes } = scanner;
    const what = isRequest ? 'request' : 'response';
    const came = bytes === 0 ? `any ${what} came` : `the ${what} head was whole; ${bytes} bytes of it came`;
    return new HeadError(closedCode, `The connection closed before ${came}`, { bytes, cause });
  };

  guard(socket);
  signal?.throwIfAborted();
  // A server whose response has closed the connection is not to read another request from it.
  const isClosing = isRequest && !socket.writable;
  const ahead = takeAhead(socket);
  const early = ahead === undefined ? undefined : scanner.write(ahead);
  if (early !== undefined) {
    putBack(socket, early.rest);
    return early.head;
  }
  if (socket.destroyed || socket.readableEnded || isClosing) throw closed(socket.errored ?? undefined);

  return new Promise<Buffer>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onEnd).pause();
    };
    const fail = (error: unknown) => {
      stop();
      reject(error);
    };
    const onData = (data: Buffer) => {
      try {
        const found = scanner.write(data);
        if (found === undefined) return;
        stop();
        if (found.rest.length > 0) socket.unshift(found.rest);
        resolve(found.head);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = () => fail(closed());
    const onError = (error: Error) => fail(closed(error));
    const onAbort = () => fail(signal?.reason);
    const onTimeout = () => {
      const message = `No whole message head came within ${timeout} ms`;
      fail(new HeadError('ERR_HEAD_TIMEOUT', message, { bytes: scanner.bytes }));
    };
    const timer = timeout > 0 ? setTimeout(onTimeout, timeout) : undefined;
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onEnd).resume();
  });
}
