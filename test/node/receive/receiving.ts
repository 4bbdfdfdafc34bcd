/** Responses as a server's raw octets, and `receive` at the other end. */
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { HeadError } from '../../../src/core/errors.ts';
import type { BodyError } from '../../../src/core/verdict.ts';
import { type ReceivedResponse, type ReceiveOptions, receive } from '../../../src/node/receive/receive.ts';
import type { ReceivedBody } from '../../../src/node/receive/received-body.ts';
import { type Connection, connection } from '../../support/sockets.ts';

/** Heads of a chunked response: without and with a Trailer field that announces the seal. */
export const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
export const SEALED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n';

export interface Received extends Connection {
  response: ReceivedResponse;
  body: ReceivedBody;
}

/** Sends the octets, without closing, and receives the response that they begin with. */
export async function received(octets: string, options: ReceiveOptions = {}): Promise<Received> {
  const ends = await connection();
  ends.server.on('error', () => {}); // the peer of a client under test may be reset
  ends.server.write(octets, 'latin1');
  const response = await receive(ends.client, options);
  onTestFinished(() => {
    response.body.destroy();
  });
  return { ...ends, response, body: response.body };
}

/** Reads to the end: the content, and the error that ended it, if one did. */
export async function consume(body: ReceivedBody): Promise<{ data: string; error: BodyError | undefined }> {
  let data = '';
  try {
    for await (const piece of body) data += (piece as Buffer).toString('latin1');
    return { data, error: undefined };
  } catch (error) {
    return { data, error: error as BodyError };
  }
}

/** What `receive` rejects with. */
export async function refusal(socket: Socket, options: ReceiveOptions = {}): Promise<HeadError> {
  return receive(socket, options).then(
    ({ statusCode }) => {
      throw new Error(`a response came: ${statusCode}`);
    },
    (error) => error,
  );
}
