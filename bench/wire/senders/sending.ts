/**
 * What the senders share: they listen, write what the request asks for with a correct use of `write()` and 'drain', and
 * tell the CPU time from the request to the last octet's leave.
 */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Writable } from 'node:stream';
import { type Load, loadFrom, makePiece } from '../load.ts';
import { cpuSeconds, endWithParent, say } from '../role.ts';
import { burstAt } from '../trace.ts';

export async function listen(server: Server): Promise<void> {
  endWithParent();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  say({ port: (server.address() as AddressInfo).port });
}

/** Writes the load that the target names into the stream that is opened for it, and tells what it took. */
export async function send(target: string, open: () => Writable): Promise<void> {
  const load = loadFrom(target);
  const before = process.cpuUsage();
  const stream = open();
  await (load.size === 'trace' ? writeTrace(stream, load) : writePieces(stream, makePiece(load.size), load.count));
  const finish = once(stream, 'finish');
  stream.end();
  await finish;
  say({ cpuSeconds: cpuSeconds(before) });
}

export async function writePieces(stream: Writable, piece: Buffer, count: number): Promise<void> {
  let left = count;
  while (left-- > 0) {
    if (!stream.write(piece)) await drained(stream);
  }
}

async function writeTrace(stream: Writable, { count }: Load): Promise<void> {
  for (let i = 0; i < count; i++) {
    let wantsMore = true;
    for (const token of burstAt(i)) wantsMore = stream.write(token);
    await (wantsMore ? tick() : drained(stream));
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.once('drain', resolve));
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
