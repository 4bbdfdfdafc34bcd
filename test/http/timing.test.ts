/**
 * Strategy: what ends a response from outside, each with nothing but `pipeline(source, respond(...))`: silence, a deadline,
 * an AbortSignal. The reason is on the wire. Times are short where they are to pass, and long where they are not.
 */
import { Readable } from 'node:stream';
import promises from 'node:stream/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { relay } from '../../src/node/relay.ts';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import { ASKING, AWARE, abortChunk, dial, LAST_CHUNK, messageFrom, PLAIN } from '../support/dial.ts';
import { ask, closed, connectionsOf, endless, KINDS, originOf, serve, stuck, until } from '../support/servers.ts';

/** Aborted in a moment. */
function soon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  return controller.signal;
}

describe.each(KINDS)('time and AbortSignal on %s', (_kind, answering) => {
  test.each<[string, () => RespondOptions, string]>([
    ['idleTimeout', () => ({ idleTimeout: 30 }), 'timeout'],
    ['AbortSignal.timeout', () => ({ signal: AbortSignal.timeout(30) }), 'timeout'],
    ['AbortController', () => ({ signal: soon() }), 'cancelled'],
  ])('%s: the reason is on the wire, and the source is destroyed', async (_, options, type) => {
    for (const request of [ASKING, AWARE]) {
      const source = stuck();
      const server = await answering({ source, options });
      const wire = dial(server.port, request);
      if (request === ASKING) {
        const { octets, end } = await wire.closed();
        expect(messageFrom(octets).body).toBe(`4\r\ndata\r\n${abortChunk(type)}`);
        expect(end).toBe('FIN');
      } else {
        const { body } = messageFrom(await wire.until('=:\r\n\r\n'));
        expect(body).toContain(`4\r\ndata\r\n0\r\nX-Stream-Status: error;bytes=4;type=${type}\r\n`);
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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    async function* ticking() {
      for (let i = 0; i < 6; i++) {
        yield 'x';
        await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(900);
      }
    }
    const server = await answering({ source: ticking(), options: { idleTimeout: 1000 } });
    expect(messageFrom(await dial(server.port, PLAIN).until(LAST_CHUNK)).body).toBe(
      `${'1\r\nx\r\n'.repeat(6)}${LAST_CHUNK}`,
    );
  });

  // Where the end has the bound of the body, it needs a timer of its own all the same.
  test.each<[string, string, RespondOptions]>([
    ['a cut', PLAIN, { idleTimeout: 200 }],
    ['a cut with the same bound', PLAIN, { idleTimeout: 1000, lingerTimeout: 1000 }],
    ['a clean failure, which has the same bound', AWARE, { idleTimeout: 200 }],
  ])('a client that takes nothing for too long is let go: %s', async (_, request, options) => {
    const source = endless();
    const server = await answering({ source, options });
    const wire = dial(server.port);
    wire.socket.pause();
    wire.send(request);
    await closed(source);
    await until(async () => (await connectionsOf(server.server)) === 0);
  });
});

test.each([
  ['AbortSignal.timeout', () => AbortSignal.timeout(30), 'timeout'],
  ['AbortController', soon, 'cancelled'],
])('a signal given to pipeline itself: %s', async (_, signal, type) => {
  const source = stuck();
  const { port } = await serve((__, res) => {
    promises.pipeline(source, respond(res), { signal: signal() }).catch(() => {});
  });
  const { octets } = await dial(port, ASKING).closed();
  expect(messageFrom(octets).body).toBe(`4\r\ndata\r\n${abortChunk(type)}`);
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
