/**
 * A raw server whose responses end as their path says: `/<framing>/<ending>`, with `?close` for a head that carries
 * `Connection: close`. Between its steps it waits until the client has read what was sent, since a reset takes away what
 * has not been read, and one that is noticed together with octets is reported as a FIN.
 */
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export const CHUNK_BYTES = 1000;

/** What arrives of two chunks when the second has been cut. */
export const TRUNCATED_BYTES = 1500;

const POLL_MS = 5;

export type Framing = 'chunked' | 'length';
/** `complete` is the control: what does not differ from it tells nothing. */
export type Ending = 'fin' | 'rst' | 'complete';

export function startServer(): Promise<Server> {
  const server = createServer((socket) => {
    let head = '';
    socket.setNoDelay();
    socket.on('error', () => {}); // a client that crashes resets its connection
    socket.on('data', (octets) => {
      head += octets.toString('latin1');
      if (head.endsWith('\r\n\r\n')) void respond(socket, head);
    });
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

async function respond(socket: Socket, head: string): Promise<void> {
  const match = /^GET \/(chunked|length)\/(fin|rst|complete)(\?close)? /.exec(head);
  if (match === null) throw new Error(`Not a request that a probe sends: ${head}`);
  const [, framing, ending, close] = match as unknown as [string, Framing, Ending, string | undefined];
  const content = 'x'.repeat(CHUNK_BYTES);
  const isChunked = framing === 'chunked';
  const size = isChunked ? `${CHUNK_BYTES.toString(16)}\r\n` : '';
  const afterChunk = isChunked ? '\r\n' : '';
  const lastChunk = isChunked ? '0\r\n\r\n' : '';
  const framingField = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${2 * CHUNK_BYTES}`;
  const fields = `Content-Type: text/plain\r\n${framingField}\r\n${close ? 'Connection: close\r\n' : ''}`;

  socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n${size}${content}${afterChunk}`);
  await untilRead(socket);
  const second = ending === 'complete' ? content + afterChunk + lastChunk : content.slice(0, CHUNK_BYTES / 2);
  socket.write(size + second);
  await untilRead(socket);
  if (ending === 'rst') socket.resetAndDestroy();
  else socket.end();
}

/** Waits until the other end has acknowledged and read everything, or is gone: both ends are in Linux's table. */
async function untilRead(socket: Socket): Promise<void> {
  const { port } = socket.address() as AddressInfo;
  const peerPort = socket.remotePort!;
  let unread = 1;
  while (unread > 0 && !socket.destroyed) {
    await setTimeout(POLL_MS);
    const table = await readFile('/proc/net/tcp', 'latin1');
    unread = queuesIn(table, port, peerPort).sending + queuesIn(table, peerPort, port).receiving;
  }
}

/** In lines as `0: 0100007F:1F90 0100007F:C001 01 000001F4:00000000 …`: local, remote, state, octets to send and to read. */
function queuesIn(table: string, localPort: number, remotePort: number): { sending: number; receiving: number } {
  const ends = [localPort, remotePort].map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  const start = table.indexOf(ends.join(' '));
  if (start === -1) return { sending: 0, receiving: 0 };
  const [, , , queues] = table.slice(start, start + 50).split(' ');
  const [sending, receiving] = queues!.split(':').map((digits) => Number.parseInt(digits, 16));
  return { sending: sending!, receiving: receiving! };
}
