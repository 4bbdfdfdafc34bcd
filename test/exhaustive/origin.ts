/**
 * The servers behind the proxies: `pipeline(source, respond(...))` on a raw socket and on `node:http`, with a source
 * that is whole or fails in each of its ways. The path of the request says which, so one server serves all cases.
 */
import http from 'node:http';
import { createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { readRequest } from '../../src/node/head/read-request.ts';
import { respond, type StreamResponse } from '../../src/node/send/respond.ts';

export const PIECES = ['the first chunk, ', 'the second chunk, ', 'and the last one'];
export const CONTENT = Buffer.from(PIECES.join(''));

/** What becomes of the source, or of the server in the middle of it. */
export const FATES = [
  'whole',
  'fails before the first octet',
  'fails in the middle',
  'fails behind the last octet',
  'killed between chunks, FIN',
  'killed in a chunk, FIN',
  'killed in a chunk, RST',
] as const;
export type Fate = (typeof FATES)[number];

export const ORIGINS: readonly [name: string, make: () => http.Server | ReturnType<typeof createServer>][] = [
  ['a raw socket', rawOrigin],
  ['node:http', httpOrigin],
];

/** `/<index of the fate>/<anything>` */
export function pathOf(fate: Fate, rest: string | number): string {
  return `/${FATES.indexOf(fate)}/${rest}`;
}

function fateOf(path: string): Fate {
  return FATES[Number(path.split('/')[1])]!;
}

function rawOrigin() {
  return createServer({ noDelay: true }, async (socket) => {
    socket.on('error', () => {});
    try {
      const request = await readRequest(socket);
      await give(fateOf(request.target), respond(socket, { request }), socket);
      socket.end();
    } catch {
      // a proxy that has closed
    }
  });
}

function httpOrigin() {
  return http.createServer((req, res) => {
    const { socket } = req;
    give(fateOf(req.url!), respond(res), socket).catch(() => {});
  });
}

async function give(fate: Fate, response: StreamResponse, socket: Socket): Promise<void> {
  async function* source() {
    if (fate === 'fails before the first octet') throw new Error('the disk is gone');
    for (const [index, piece] of PIECES.entries()) {
      yield piece;
      await new Promise((resolve) => setImmediate(resolve));
      if (index > 0) continue;
      if (fate === 'fails in the middle') throw new Error('the disk is gone');
      if (fate.startsWith('killed')) await kill(fate, socket);
    }
    if (fate === 'fails behind the last octet') throw new Error('the disk is gone');
  }
  await pipeline(source(), response).catch(() => {});
}

async function kill(fate: Fate, socket: Socket): Promise<never> {
  await new Promise((resolve) => socket.write(fate.includes('in a chunk') ? 'ff\r\nhalf of' : '', resolve));
  if (fate.endsWith('RST')) socket.resetAndDestroy();
  else await new Promise<void>((resolve) => socket.end(resolve));
  socket.destroy();
  return new Promise<never>((_, reject) => setImmediate(() => reject(new Error('killed'))));
}
