/**
 * Somebody writes, ends or destroys beside us: what it may be, when, and the servers on which it happens. The path of a
 * request names its case, so that one server serves all. A request on the same connection follows each, so that what is left
 * on the wire would stand before its answer.
 */
import http, { type ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { readRequest } from '../../src/node/head/read-request.ts';
import { type RespondOptions, respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { CONTENT, PIECES } from './origin.ts';

/** What somebody else sends, if there is still somebody to answer. */
export const THEIRS = 'Something broke!';

type Deed = (socket: Socket, res: ServerResponse | undefined) => void;

/** What anybody may do who has the socket. */
const TO_THE_SOCKET: [title: string, deed: Deed][] = [
  ['socket.end()', (socket) => void socket.end()],
  ['socket.destroy()', (socket) => void socket.destroy()],
  ['socket.destroy(error)', (socket) => void socket.destroy(new Error(THEIRS))],
  ['socket.destroySoon()', (socket) => socket.destroySoon()],
];

/** And who has the ServerResponse. */
const TO_THE_RESPONSE: [title: string, deed: Deed][] = [
  ['res.end()', (_, res) => void res!.end()],
  ['res.end(text)', (_, res) => void res!.end(THEIRS)],
  [
    'res.write(text), res.end()',
    (_, res) => {
      res!.write(THEIRS);
      setImmediate(() => res!.end());
    },
  ],
  ['res.writeHead(500).end(text)', (_, res) => void (res!.headersSent ? res! : res!.writeHead(500)).end(THEIRS)],
  ['res.destroy()', (_, res) => void res!.destroy()],
  ['res.destroy(error)', (_, res) => void res!.destroy(new Error(THEIRS))],
  // What the last handler of Express does with an error.
  [
    'next(error)',
    (socket, res) => {
      if (res!.headersSent) return void socket.destroy();
      res!.statusCode = 500;
      res!.end(THEIRS);
    },
  ],
];

/** Moments of a body in three pieces: those of the source, then those of whoever waits for its end. */
export const MOMENTS = [
  ...PIECES.flatMap((_, at) => [`before piece ${at}`, `in the tick of piece ${at}`, `after piece ${at}`]),
  'in the tick of the end',
  'when it is over',
  'later',
] as const;

export const FATES = ['whole', 'fails in the middle', 'fails after the last piece'] as const;

export interface Origin {
  name: string;
  deeds: [title: string, deed: Deed][];
  make(cases: readonly Case[]): http.Server | ReturnType<typeof createServer>;
}

export interface Case {
  deed: [title: string, deed: Deed];
  moment: string;
  fate: (typeof FATES)[number];
}

const ALL = [...TO_THE_RESPONSE, ...TO_THE_SOCKET];
const LENGTH = { length: CONTENT.length };

export const ORIGINS: Origin[] = [
  { name: 'a raw socket', deeds: TO_THE_SOCKET, make: (cases) => rawOrigin(cases, {}) },
  { name: 'a raw socket, length known', deeds: TO_THE_SOCKET, make: (cases) => rawOrigin(cases, LENGTH) },
  { name: 'node:http', deeds: ALL, make: (cases) => httpOrigin(cases, {}) },
  { name: 'node:http, length known', deeds: ALL, make: (cases) => httpOrigin(cases, LENGTH) },
  { name: 'behind a recorder', deeds: ALL, make: (cases) => httpOrigin(cases, {}, recorder) },
];

export function casesOf({ deeds }: Origin): Case[] {
  return deeds.flatMap((deed) => MOMENTS.flatMap((moment) => FATES.map((fate): Case => ({ deed, moment, fate }))));
}

/** Passes everything on as it came. */
function recorder(res: ServerResponse): void {
  const { write, end } = res;
  res.write = ((...args: never) => Reflect.apply(write, res, args)) as typeof write;
  res.end = ((...args: never) => Reflect.apply(end, res, args)) as typeof end;
}

const forget = () => {};

function rawOrigin(cases: readonly Case[], options: RespondOptions) {
  return createServer({ noDelay: true }, async (socket) => {
    try {
      for (;;) {
        const request = await readRequest(socket);
        const response = respond(socket, { request, ...options });
        const closed = new Promise((resolve) => response.once('close', resolve));
        await give(cases[Number(request.target.slice(1))], response, socket, undefined);
        await closed;
      }
    } catch {
      socket.destroy();
    }
  });
}

function httpOrigin(cases: readonly Case[], options: RespondOptions, before?: (res: ServerResponse) => void) {
  return http.createServer((req, res) => {
    before?.(res);
    give(cases[Number(req.url!.slice(1))], respond(res, options), req.socket, res).catch(forget);
  });
}

/** @param one undefined for the request that follows */
async function give(
  one: Case | undefined,
  response: StreamResponse,
  socket: Socket,
  res: ServerResponse | undefined,
): Promise<void> {
  const at = (moment: string) => {
    if (one?.moment === moment) one.deed[1](socket, res);
  };
  async function* source() {
    for (const [index, piece] of PIECES.entries()) {
      at(`before piece ${index}`);
      yield piece;
      at(`in the tick of piece ${index}`);
      await new Promise(setImmediate);
      at(`after piece ${index}`);
      if (one?.fate === 'fails in the middle' && index === 1) throw new Error('the disk is gone');
    }
    if (one?.fate === 'fails after the last piece') throw new Error('the disk is gone');
    setImmediate(at, 'in the tick of the end');
  }
  await pipeline(source(), response).catch(forget);
  at('when it is over');
  await new Promise(setImmediate);
  at('later');
}
