/**
 * A raw socket that writes octets framed beforehand, so many at a time as the first argument says: a limit for the
 * senders, and the source for the receivers. To who asks for trailers the body is sealed, with a digest that is made
 * before the head is sent, where nobody measures.
 */
import { createServer, type Socket } from 'node:net';
import { frame, LAST_CHUNK } from '../framing.ts';
import { digestOf, loadFrom, makePiece, octetsOf } from '../load.ts';
import { cpuSeconds, say } from '../role.ts';
import { listen, writePieces } from './sending.ts';

const SLAB_BYTES = Number(process.argv[2]);
const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';

const digests = new Map<string, string>();

async function serve(socket: Socket): Promise<void> {
  socket.setNoDelay(true);
  socket.on('error', () => {}); // a client that has what it wants may leave as it likes
  let request = '';
  for await (const data of socket) {
    request += data.toString('latin1');
    if (!request.endsWith('\r\n\r\n')) continue;
    const target = request.split(' ', 2)[1]!;
    const isSealed = /\r\nTE: *trailers\r\n/i.test(request);
    request = '';
    await send(socket, target, isSealed);
  }
}

async function send(socket: Socket, target: string, isSealed: boolean): Promise<void> {
  const { size, count } = loadFrom(target);
  if (size === 'trace') throw new TypeError('A trace is not framed beforehand');
  const slab = frame(makePiece(size), SLAB_BYTES);
  const seal = isSealed && {
    head: 'Trailer: X-Stream-Status, Content-Digest\r\n',
    end: `0\r\nX-Stream-Status: ok;bytes=${octetsOf({ size, count })}\r\nContent-Digest: sha-256=:${digest(target)}:\r\n\r\n`,
  };
  const before = process.cpuUsage();
  socket.write(`${HEAD}${seal ? seal.head : ''}\r\n`);
  await writePieces(socket, slab.octets, Math.floor(count / slab.count));
  socket.write(slab.octets.subarray(0, (slab.octets.length / slab.count) * (count % slab.count)));
  await new Promise((resolve) => socket.write(seal ? seal.end : LAST_CHUNK, resolve));
  say({ cpuSeconds: cpuSeconds(before) });
}

function digest(target: string): string {
  const known = digests.get(target);
  if (known !== undefined) return known;
  const made = digestOf(loadFrom(target));
  digests.set(target, made);
  return made;
}

await listen(createServer((socket) => serve(socket)));
