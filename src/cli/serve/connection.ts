/** One connection of a raw-socket server: request after request, each answered by a handler, until either side closes. */
import type { Socket } from 'node:net';
import { HeadError, type HeadErrorCode } from '../../core/errors.ts';
import type { RequestHead } from '../../node/head/message-head.ts';
import { readRequest } from '../../node/head/read-request.ts';
import { respond } from '../../node/send/respond.ts';

export type Handler = (request: RequestHead, socket: Socket) => Promise<void>;

/** What a request head that cannot be read is answered with, before the connection is closed. */
const STATUS_FOR: Partial<Record<HeadErrorCode, number>> = {
  ERR_HEAD_MALFORMED: 400,
  ERR_HEAD_LIMIT: 431,
  ERR_HEAD_TIMEOUT: 408,
};

/** Never rejects: whatever goes wrong concerns this connection alone. The signal ends it between two requests. */
export async function serveConnection(socket: Socket, handler: Handler, signal?: AbortSignal): Promise<void> {
  const options = { headTimeout: 60_000, ...(signal && { signal }) };
  try {
    while (socket.writable) {
      const request = await readRequest(socket, options);
      if (request.httpVersion === '1.1' && request.headers.host === undefined) return refuse(socket, 400);
      await handler(request, socket);
    }
  } catch (error) {
    const status = error instanceof HeadError ? STATUS_FOR[error.code] : undefined;
    if (status !== undefined && socket.writable) refuse(socket, status);
    else socket.end();
  }
}

/** A request that was not understood leaves nothing to go on with: the connection is closed behind the answer. */
function refuse(socket: Socket, status: number): void {
  const request = { httpVersion: '1.1', headers: { connection: 'close' } };
  respond(socket, { request, status, headers: { 'Content-Type': 'text/plain' } })
    .on('error', () => {})
    .end(`${status}\n`);
}
