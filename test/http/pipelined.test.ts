/** Strategy: many requests at once on one connection; every response in its turn, and not one warning of the process. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import { stopClock } from '../support/clock.ts';
import { AWARE, dial, get, LAST_CHUNK, messageFrom, unchunk } from '../support/dial.ts';
import { begin, closed, failing, KINDS, type Source, serve, stuck, until } from '../support/servers.ts';

const COUNT = 30; // Node warns of more than 10 listeners
const warnings: Error[] = [];
const onWarning = (warning: Error) => warnings.push(warning);

beforeEach(() => {
  warnings.length = 0;
  process.on('warning', onWarning);
});

afterEach(async () => {
  await new Promise(setImmediate); // a warning is emitted in a later tick
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

describe.each(KINDS)('%s', (_kind, answering) => {
  test(`${COUNT} pipelined requests, each answered in its turn`, async () => {
    const plans = Array.from({ length: COUNT }, (_, at) => ({ source: Readable.from([`answer ${at}`]) }));
    const server = await answering(...plans);
    const wire = dial(server.port, AWARE.repeat(COUNT));
    for (let at = 0; at < COUNT; at++) {
      const head = await wire.until('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(unchunk(await wire.until('=:\r\n\r\n')).data).toBe(`answer ${at}`);
    }
  });
});

test(`the client of ${COUNT} responses that all wait leaves`, async () => {
  const sources: Readable[] = [];
  const { port } = await serve((_, res) => {
    const source = stuck();
    sources.push(source);
    begin(source, respond(res));
  });
  const wire = dial(port, get().repeat(COUNT));
  await wire.until('data');
  while (sources.length < COUNT) await new Promise(setImmediate);
  wire.socket.resetAndDestroy();
  for (const source of sources) await closed(source);
});

test(`${COUNT} responses with the same signal`, async () => {
  const controller = new AbortController();
  const { port } = await serve((_, res) => {
    begin(Readable.from(['ok']), respond(res, { signal: controller.signal }));
  });
  const wire = dial(port, get().repeat(COUNT));
  for (let at = 0; at < COUNT; at++) await wire.until(LAST_CHUNK);
});

describe('a response that waits for its turn has all of its time left, and its neighbour keeps the connection', () => {
  /** The first is Node's own, and ends when the time of the second would long be over. */
  const behindSlow = (second: Source, options: RespondOptions) => {
    const pass = stopClock();
    let slow: ServerResponse;
    return serve((req, res) => {
      if (req.url === '/slow') {
        slow = res;
        return;
      }
      const { response } = begin(second, respond(res, options));
      until(() => response.ending !== undefined || response.writableLength > 0).then(() => {
        pass(10_000);
        slow.end('slow');
      });
    });
  };

  test.each<[string, Source, RespondOptions]>([
    ['one that has ended', ['quick'], { idleTimeout: 1000 }],
    ['one that is open', Readable.from(['quick']), { idleTimeout: 1000 }],
  ])('%s', async (_, source, options) => {
    const { port } = await behindSlow(source, options);
    const wire = dial(port, get('', '/slow') + get());
    expect(await wire.until('slow')).toContain('Content-Length: 4\r\n');
    expect(unchunk((await wire.until(LAST_CHUNK)).split('\r\n\r\n').slice(1).join('\r\n\r\n')).data).toBe('quick');
  });

  test('one that has failed, which takes at most a second to leave', async () => {
    const { port } = await behindSlow(failing(['half']), { idleTimeout: 1000, lingerTimeout: 1 });
    const wire = dial(port, get('', '/slow') + get());
    await wire.until('slow');
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets).body).toBe('4\r\nhalf\r\n');
    expect(end).toBe('FIN');
  });
});
