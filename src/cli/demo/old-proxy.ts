/**
 * A proxy that asks the server in HTTP/1.0, as nginx 1.22 does by default, and answers its client in HTTP/1.1. From the
 * server, a body then ends where the connection does (RFC 9112 §6.3), so an accident that closes the connection in good
 * order becomes a last-chunk: the proxy says success, and cannot know better.
 */
import { connect, type Socket } from 'node:net';
import { Encoder } from '../../core/encoder.ts';
import { type FieldPairs, serializeFieldLines, withoutFields } from '../../core/fields.ts';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import { parseResponseHead } from '../../node/head/message-head.ts';
import { readHead } from '../../node/head/read-head.ts';
import { readRequest } from '../../node/head/read-request.ts';

/** Of one connection (RFC 9110 §7.6.1), and so not forwarded. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'te', 'transfer-encoding'];

/** Forwards one exchange. */
export async function forwardInHttp10(client: Socket, originPort: number): Promise<void> {
  const origin = connect(originPort, '127.0.0.1');
  for (const socket of [client, origin]) socket.on('error', () => {});
  try {
    const { method, target, rawHeaders } = await readRequest(client);
    origin.write(`${method} ${target} HTTP/1.0\r\n${forwarded(rawHeaders)}\r\n`);
    const { maxHeadBytes, maxHeadFields } = DEFAULT_LIMITS;
    const head = await readHead(origin, { maxHeadBytes, timeout: 10_000, closedCode: 'ERR_NO_RESPONSE' });
    const { statusCode, statusMessage, rawHeaders: fields } = parseResponseHead(head, maxHeadFields);
    client.write(`HTTP/1.1 ${statusCode} ${statusMessage}\r\nTransfer-Encoding: chunked\r\n${forwarded(fields)}\r\n`);
    const encoder = new Encoder();
    for await (const data of origin) {
      for (const piece of encoder.write(data)) client.write(piece);
    }
    for (const piece of encoder.end()) client.write(piece);
    client.end();
  } catch {
    client.destroy(); // a reset is the one failure that it sees
  } finally {
    origin.destroy();
  }
}

function forwarded(fields: FieldPairs): string {
  return serializeFieldLines(withoutFields(fields, HOP_BY_HOP));
}
