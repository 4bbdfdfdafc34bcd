/**
 * Reads the octets of one message head from a socket, up to and with its empty line, and puts back what lies behind it.
 * The head is bounded in length and in time, and a bare LF is refused at once rather than waited out.
 */
import type { Socket } from 'node:net';
import { StreamError, type StreamErrorCode } from '../core/errors.ts';
import { CR, LF } from '../core/grammar.ts';

export interface ReadHeadOptions {
  /** The code for a socket that closes before the head is whole. */
  closedCode: Extract<StreamErrorCode, 'ERR_NO_REQUEST' | 'ERR_NO_RESPONSE'>;
  maxHeadBytes: number;
  /** Milliseconds for the whole head; 0 for no bound. */
  timeout: number;
  signal?: AbortSignal | undefined;
  /** Empty lines before a request line are passed over (RFC 9112 §2.2). */
  skipsEmptyLines?: boolean;
}

/**
 * @returns the head's octets; what came behind them is back in the socket, which is paused
 * @throws StreamError `closedCode`, ERR_HEAD_LIMIT, ERR_HEAD_MALFORMED (bare LF), ERR_STREAM_TIMEOUT; the signal's reason
 */
export function readHead(socket: Socket, options: ReadHeadOptions): Promise<Buffer> {
  const { closedCode, maxHeadBytes, timeout, signal, skipsEmptyLines = false } = options;
  return new Promise((resolve, reject) => {
    let room = Buffer.allocUnsafe(1024);
    let bytes = 0;
    let lineStart = 0;

    const append = (data: Buffer) => {
      if (bytes + data.length > room.length) {
        const larger = Buffer.allocUnsafe(Math.max(2 * room.length, bytes + data.length));
        room.copy(larger, 0, 0, bytes);
        room = larger;
      }
      room.set(data, bytes);
      bytes += data.length;
    };
    const onData = (data: Buffer) => {
      let from = bytes;
      append(data);
      for (;;) {
        const offset = room.subarray(0, bytes).indexOf(LF, from);
        if (offset === -1) break;
        if (offset === 0 || room[offset - 1] !== CR) {
          return fail(new StreamError('ERR_HEAD_MALFORMED', `A bare LF at octet ${offset} of the head`, { offset }));
        }
        const isEmptyLine = offset - 1 === lineStart;
        from = offset + 1;
        if (from > maxHeadBytes) break;
        if (isEmptyLine && lineStart === 0 && skipsEmptyLines) {
          room.copyWithin(0, from, bytes);
          bytes -= from;
          from = 0;
        } else if (isEmptyLine) {
          return finish(from);
        } else {
          lineStart = from;
        }
      }
      if (bytes > maxHeadBytes) {
        fail(new StreamError('ERR_HEAD_LIMIT', `The message head is over ${maxHeadBytes} octets`, { bytes }));
      }
    };
    const onClosed = (cause?: unknown) => {
      const what = closedCode === 'ERR_NO_REQUEST' ? 'request' : 'response';
      const came = bytes === 0 ? `any ${what} came` : `the ${what} head was whole; ${bytes} octets of it came`;
      fail(new StreamError(closedCode, `The connection closed before ${came}`, { bytes, cause }));
    };
    const onEnd = () => onClosed();
    const onError = (error: Error) => onClosed(error);
    const onClose = () => onClosed();
    const onAbort = () => fail(signal?.reason);
    const onTimeout = () => {
      fail(new StreamError('ERR_STREAM_TIMEOUT', `No whole message head came within ${timeout} ms`, { bytes }));
    };
    const timer = timeout > 0 ? setTimeout(onTimeout, timeout) : undefined;

    const detach = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose).pause();
    };
    const finish = (length: number) => {
      detach();
      if (bytes > length) socket.unshift(room.subarray(length, bytes));
      resolve(room.subarray(0, length));
    };
    const fail = (reason: unknown) => {
      detach();
      reject(reason);
    };

    if (signal?.aborted) return onAbort();
    if (socket.destroyed || socket.readableEnded) return onClosed(socket.errored ?? undefined);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose).resume();
  });
}
