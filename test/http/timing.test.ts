/**
 * Strategy: what ends a response from outside, each with nothing but `pipeline(source, respond(...))`: silence, a deadline,
 * an AbortSignal. The reason is on the wire. Time passes when the test says so, once what comes before it is there.
 */
import { Readable } from 'node:stream';
import promises from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { relay } from '../../src/node/relay.ts';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import { stopClock, timedOut } from '../support/clock.ts';
import { ASKING, AWARE, abortChunk, dial, get, LAST_CHUNK, messageFrom, PLAIN } from '../support/dial.ts';
import {
  ask,
  begin,
  closed,
  connectionsOf,
  endless,
  KINDS,
  originOf,
  serve,
  stuck,
  until,
} from '../support/servers.ts';

describe.each(KINDS)('time and AbortSignal on %s', (_kind, answering) => {
  test.each<[string, (controller: AbortController, pass: (milliseconds: number) => void) => void, string]>([
    ['idleTimeout', (_, pass) => pass(3000), 'timeout'],
    ['AbortSignal.timeout', (controller) => controller.abort(timedOut()), 'timeout'],
    ['AbortController', (controller) => controller.abort(), 'cancelled'],
  ])('%s: the reason is on the wire, and the source is destroyed', async (_, end, type) => {
    const pass = stopClock();
    for (const request of [ASKING, AWARE]) {
      const source = stuck();
      const controller = new AbortController();
      const options = { idleTimeout: 1000, signal: controller.signal };
      const server = await answering({ source, options });
      const wire = dial(server.port, request);
      await wire.until('data\r\n');
      end(controller, pass);
      if (request === ASKING) {
        expect(await wire.closed()).toEqual({ octets: abortChunk(type), end: 'FIN' });
      } else {
        const seal = await wire.until('=:\r\n\r\n');
        expect(seal).toMatch(new RegExp(`^0\r\nX-Stream-Status: error;bytes=4;type=${type}\r\n`));
      }
      await server.answered(0);
      expect(source.destroyed).toBe(true);
    }
  });

  test('before the first octet: an error response', async () => {
    const server = await answering({ source: new Readable({ read() {} }), options: { idleTimeout: 30 } });
    expect(messageFrom(await dial(server.port, PLAIN).until('}\n')).statusLine).toMatch('HTTP/1.1 500 ');
  });

  test('a signal that has been aborted already', async () => {
    const server = await answering({ source: stuck(), options: { signal: AbortSignal.abort() } });
    expect(messageFrom(await dial(server.port, PLAIN).until('}\n')).statusLine).toMatch('HTTP/1.1 500 ');
    expect(await (await server.answered(0)).outcome).toMatchObject({ name: 'AbortError' });
  });

  test('a slow source that goes on is no timeout', async () => {
    const pass = stopClock();
    async function* ticking() {
      for (let i = 0; i < 6; i++) {
        yield 'x';
        await setImmediate();
        pass(900);
      }
    }
    const server = await answering({ source: ticking(), options: { idleTimeout: 1000 } });
    expect(messageFrom(await dial(server.port, PLAIN).until(LAST_CHUNK)).body).toBe(
      `${'1\r\nx\r\n'.repeat(6)}${LAST_CHUNK}`,
    );
  });

  // Where the end has the bound of the body, it needs a timer of its own all the same.
  test.each<[string, string, RespondOptions]>([
    ['a cut', PLAIN, { idleTimeout: 1000 }],
    ['a cut with the same bound', PLAIN, { idleTimeout: 1000, lingerTimeout: 1000 }],
    ['a clean failure, which has the same bound', AWARE, { idleTimeout: 1000 }],
  ])('a client that takes nothing for too long is let go: %s', async (_, request, options) => {
    const pass = stopClock();
    const source = endless();
    const server = await answering({ source, options });
    const wire = dial(server.port);
    wire.socket.pause();
    wire.send(request);
    await until(() => server.answers[0]?.response.writableNeedDrain === true);
    await setImmediate(); // its timer is set at the end of its first turn
    pass(10_000);
    await closed(source);
    await until(async () => (await connectionsOf(server.server)) === 0);
  });
});

test('a response that is over in its first turn of the loop sets no timer, any other sets one', async () => {
  const set = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => set.mockRestore());
  const bounds = () => set.mock.calls.filter(([, milliseconds]) => milliseconds === 12_345);
  const source = stuck();
  const { port } = await serve((req, res) => {
    const response = respond(res, { idleTimeout: 12_345 });
    if (req.url === '/') response.end('short');
    else begin(source, response);
  });
  await dial(port, PLAIN).until(LAST_CHUNK);
  expect(bounds()).toHaveLength(0);
  const wire = dial(port, get('', '/open'));
  await until(() => bounds().length === 1);
  wire.socket.destroy();
  await closed(source);
});

test.each([
  ['AbortSignal.timeout', timedOut(), 'timeout'],
  ['AbortController', undefined, 'cancelled'],
])('a signal given to pipeline itself: %s', async (_, reason, type) => {
  const source = stuck();
  const controller = new AbortController();
  const { port } = await serve((__, res) => {
    promises.pipeline(source, respond(res), { signal: controller.signal }).catch(() => {});
  });
  const wire = dial(port, ASKING);
  await wire.until('data\r\n');
  controller.abort(reason);
  expect((await wire.closed()).octets).toBe(abortChunk(type));
  expect(source.destroyed).toBe(true);
});

test.each([
  ['before', 0],
  ['after', 100],
])(
  'relay with a signal that has been aborted already, %s content has come: an error response, and nothing is emitted to nobody',
  async (_, milliseconds) => {
    const upstream = await originOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n', 'open');
    const { port } = await serve((_, res) => {
      ask({ port: upstream }, (message) => {
        setTimeout(() => relay(message, res, { signal: AbortSignal.abort() }), milliseconds);
      });
    });
    expect(messageFrom(await dial(port, PLAIN).until('}\n')).statusLine).toMatch('HTTP/1.1 502 ');
  },
);
