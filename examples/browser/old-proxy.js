/**
 * A proxy that asks the server in HTTP/1.0, as nginx 1.22 does by default. A body then ends where its connection does, so a
 * server that closes in the middle has ended its body well, as far as the proxy can tell.
 */
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { receive } from 'chunked-trailers';

export async function forwardInHttp10(req, res, port, target) {
  const origin = connect(port, '127.0.0.1');
  origin.write(`GET ${target} HTTP/1.0\r\nHost: ${req.headers.host}\r\nAccept: ${req.headers.accept ?? '*/*'}\r\n\r\n`);
  const { statusCode, headers, body } = await receive(origin, { require: 'never' });
  const { connection, ...others } = headers;
  res.writeHead(statusCode, others);
  await pipeline(body, res);
}
