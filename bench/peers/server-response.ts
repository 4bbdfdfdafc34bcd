/**
 * Node's own sender of chunks: an http.ServerResponse on a Writable instead of a socket. It has no 'drain' of its own
 * there, since http.Server passes that on from the socket; so the socket's is waited for.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { discardingSocket, feed } from '../discarding-socket.ts';
import type { Fixture } from '../fixtures.ts';
import type { Work } from '../suite.ts';

export async function loadServerResponse(): Promise<Work> {
  return ([writes = []]) => {
    const socket = discardingSocket();
    const request = new IncomingMessage(socket as Socket);
    request.method = 'GET';
    request.httpVersionMajor = 1;
    request.httpVersionMinor = 1;
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    const write = (piece: Buffer) => response.write(piece);
    const end = (done: () => void) => {
      response.end(done);
    };
    return feed(writes, { socket, write, end });
  };
}

/** Behind the head, the very octets of the fixture: the chunks are the same. */
export function isRightResponse(output: Buffer, { output: chunked }: Fixture): boolean {
  const head = output.subarray(0, output.length - chunked.length).toString('latin1');
  const isHead = head.startsWith('HTTP/1.1 200 OK\r\n') && head.indexOf('\r\n\r\n') === head.length - 4;
  return isHead && output.subarray(head.length).equals(chunked);
}
