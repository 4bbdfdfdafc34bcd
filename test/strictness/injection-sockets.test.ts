/**
 * Invariant: whatever the caller of `respond` passes as headers, trailers, descriptions or an error response, on a socket
 * or on a ServerResponse, the client gets exactly one message with the lines that it should have, or none where `respond`
 * threw a TypeError or a RangeError.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import { octets } from '../support/octets.ts';
import { Wire } from '../support/wire.ts';
import { hostileText, hostileThing, LINE, perhapsHostile } from './hostile-text.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n';
const TRAILERS = `${HEAD}TE: trailers\r\nConnection: TE, close\r\n\r\n`;
const AWARE = `${TRAILERS.slice(0, -2)}X-Want-Stream-Status: ?1\r\n\r\n`;
/** Reads the status, and no trailers: the reason of a failure comes in the abort line. */
const PLAIN = `${HEAD}X-Want-Stream-Status: ?1\r\nConnection: close\r\n\r\n`;

/** Of the head: its first line, and the fields that we, or Node, may add to those of the caller. */
const OWN_FIELDS = /^(?:Date|Transfer-Encoding|Trailer|Vary|Connection|Keep-Alive|Content-Type|Content-Length): /;

interface Hostility {
  request: string;
  options: RespondOptions;
  /** How many field lines the caller has asked for, in the head and in the trailer section. */
  headers: number;
  trailers: number;
  ending: 'good' | 'failing' | 'failing at once';
}

const name = fc.oneof(perhapsHostile('X-A'), hostileThing);
const value = fc.oneof(perhapsHostile('b'), hostileThing);
const fields = fc.array(fc.tuple(name, value), { maxLength: 2 });
/** Most of it good, so that what is hostile comes to the wire, or would. */
const goodFields = fc.constant<[unknown, unknown][]>([['X-A', 'b']]);

const hostility: fc.Arbitrary<Hostility> = fc
  .record({
    request: fc.constantFrom(TRAILERS, AWARE, PLAIN),
    headers: fc.oneof({ weight: 2, arbitrary: goodFields }, fields),
    isRecord: fc.boolean(),
    trailers: fc.oneof({ weight: 2, arbitrary: goodFields }, fields),
    announced: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.array(hostileThing, { maxLength: 2 })),
    type: fc.oneof(fc.constant('source_error'), hostileThing),
    details: hostileThing,
    errorHeaders: fields,
    body: fc.oneof(hostileText, hostileThing),
    status: fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>(200) }, hostileThing),
    digest: fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>('sha-256') }, hostileThing),
    ending: fc.constantFrom<Hostility['ending']>('good', 'failing', 'failing at once'),
  })
  .map((is) => ({
    request: is.request,
    headers: is.headers.length,
    trailers: is.trailers.length,
    ending: is.ending,
    // The types are a lie: this is a caller in JavaScript, or one who hands through what it was sent.
    options: {
      headers: is.isRecord ? recordOf(is.headers) : is.headers,
      extraTrailers: { names: is.announced ?? is.trailers.map(([one]) => one), fields: () => is.trailers },
      describeError: () => ({ type: is.type, details: is.details }),
      errorResponse: () => ({ headers: is.errorHeaders, body: is.body }),
      status: is.status,
      digest: is.digest,
    } as unknown as RespondOptions,
  }));

const recordOf = (pairs: [unknown, unknown][]) =>
  Object.fromEntries(pairs.filter(([one]) => typeof one === 'string') as [string, unknown][]);

/** What is to be answered next, and what `respond` threw. */
let next: Hostility;
let thrown: unknown;
/** How responses have ended. */
const endings = new Set<string>();

async function answer(open: () => ReturnType<typeof respond>, refuse: () => void): Promise<void> {
  let response: ReturnType<typeof respond>;
  try {
    response = open();
  } catch (error) {
    thrown = error;
    return refuse();
  }
  const closed = new Promise((resolve) => response.on('error', () => {}).on('close', resolve));
  const fail = () => response.destroy(new Error('x'));
  if (next.ending === 'good') response.end('hello');
  else if (next.ending === 'failing') response.write('hello', fail);
  else fail();
  await closed;
  endings.add(String(response.ending));
}

const rawServer = createServer(async (socket) => {
  const request = await readRequest(socket);
  await answer(
    () => respond(socket, { request, ...next.options }),
    () => socket.destroy(),
  );
});
const httpServer = createHttpServer((_, response: ServerResponse) => {
  answer(
    () => respond(response, next.options),
    () => response.destroy(),
  );
});

beforeAll(async () => {
  for (const server of [rawServer, httpServer]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  rawServer.close();
  httpServer.close();
});

/** All that comes back on a connection of its own. */
async function exchange(port: number, one: Hostility): Promise<string> {
  next = one;
  thrown = undefined;
  const socket: Socket = connect({ port, host: '127.0.0.1' });
  const wire = new Wire(socket);
  wire.send(one.request);
  return (await wire.closed()).octets;
}

function expectOneMessage(message: string, one: Hostility): void {
  const at = message.indexOf('\r\n\r\n');
  const [statusLine, ...lines] = message.slice(0, at).split('\r\n');
  expect(statusLine).toMatch(/^HTTP\/1\.1 (?:200 OK|500 Internal Server Error)$/);
  expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
  const body = message.slice(at + 4);
  if (statusLine!.includes('500')) {
    const length = lines.find((line) => line.startsWith('Content-Length: '))!.slice(16);
    expect(body).toHaveLength(Number(length));
    return;
  }
  expect(lines.filter((line) => !OWN_FIELDS.test(line)).length).toBeLessThanOrEqual(one.headers);
  const decoder = new Decoder({ onData() {} });
  decoder.write(octets(body));
  decoder.end();
  expect(decoder.rest).toHaveLength(0);
  if (decoder.done) {
    const { length } = decoder.rawTrailers;
    expect(length).toBeLessThanOrEqual(one.request === PLAIN ? 0 : 2 + one.trailers);
  } else {
    const line = one.request === PLAIN ? '1;x-stream-status="[ -~]*"\r\n' : ''; // TRAILERS reads no status: a bare cut
    expect(body).toMatch(new RegExp(`^5\r\nhello\r\n${line}$`));
  }
}

describe.each([
  ['a socket', rawServer],
  ['a ServerResponse', httpServer],
])('on %s', (_, server) => {
  test('RFC 9112 §11.1: no response splitting, whatever the caller passes', async () => {
    const { port } = server.address() as AddressInfo;
    endings.clear();
    const counts = { messages: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(hostility, async (one) => {
        const message = await exchange(port, one);
        if (thrown === undefined) {
          counts.messages++;
          expectOneMessage(message, one);
        } else {
          counts.refused++;
          expect(thrown instanceof TypeError || thrown instanceof RangeError).toBe(true);
          expect(message).toBe('');
        }
      }),
      { numRuns: 400 },
    );
    expect(counts.messages).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(20);
    expect([...endings].sort()).toEqual(['abort', 'clean-failure', 'cut', 'error-response', 'plain', 'trailers']);
  });

  test.each([0, 1, 2, 3])('RFC 9651 §3.3.4: a type that is a Token when it is looked at %i times', async (looks) => {
    const { port } = server.address() as AddressInfo;
    for (const request of [TRAILERS, AWARE, PLAIN]) {
      let left = looks;
      const type = { length: 1, toString: () => (left-- > 0 ? 'a' : 'a\r\n\r\nHTTP/1.1 200 OK') } as unknown as string;
      const one: Hostility = {
        request,
        options: { describeError: () => ({ type }) },
        headers: 0,
        trailers: 0,
        ending: 'failing',
      };
      const message = await exchange(port, one);
      expect(thrown).toBeUndefined();
      expectOneMessage(message, one);
    }
  });
});
