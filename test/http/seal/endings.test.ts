/**
 * Strategy: the table of x-stream-status 3, as for `respond`, with `seal(res)` and handlers that know nothing of it: what
 * the client reads is the same.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { finished, pipeline, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { seal } from '../../../src/node/seal/seal.ts';
import { SealedServerResponse } from '../../../src/node/seal/sealed-server-response.ts';
import { ASKING, AWARE, dial, HEAD, LAST_CHUNK, messageFrom, OLD, PLAIN, TRAILERS } from '../../support/dial.ts';
import { HELLO_WORLD } from '../../support/hashing.ts';
import { failing, listen, type Source, serve } from '../../support/servers.ts';
import { TABLE } from '../endings-table.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const AGAIN = `5\r\nagain\r\n${LAST_CHUNK}`;

/** The ways in which a response gets its seal. */
const WAYS: [title: string, start: (handler: Handler) => Promise<number>][] = [
  ['seal(res) in the handler', async (handler) => (await serve((req, res) => handler(req, seal(res)))).port],
  ['SealedServerResponse', (handler) => listen(createServer({ ServerResponse: SealedServerResponse }, handler))],
];

interface Answer {
  outcome: Promise<Error | undefined>;
  /** What somebody else concludes who watches the response. */
  finished: Promise<Error | undefined>;
  res: ServerResponse;
}

describe.each(WAYS)('%s', (_way, start) => {
  /** The first request gets this, those after it "again". */
  async function answering(source: Source, prepare: (res: ServerResponse) => void = () => {}) {
    const answers: Answer[] = [];
    const port = await start((_, res) => {
      const isFirst = answers.length === 0;
      if (isFirst) prepare(res);
      const watched = new Promise<Error | undefined>((resolve) =>
        finished(res, (error) => resolve(error ?? undefined)),
      );
      const outcome = new Promise<Error | undefined>((resolve) => {
        if (isFirst) pipeline(source as Readable, res, (error) => resolve(error ?? undefined));
        else {
          res.write('again');
          res.end();
          resolve(undefined);
        }
      });
      answers.push({ outcome, finished: watched, res });
    });
    return { port, answers };
  }

  describe.each(TABLE)('%s', (_title, { request, trailer, good, failed }) => {
    const isOld = request.includes('HTTP/1.0');

    test('a good body', async () => {
      const { port, answers } = await answering(Readable.from([HELLO_WORLD]));
      const wire = dial(port, request);
      const { octets, end } = isOld
        ? await wire.closed()
        : { octets: await wire.until(good.body.slice(-8)), end: 'kept' };
      const { statusLine, fields, body } = messageFrom(octets);
      expect(statusLine).toBe('HTTP/1.1 200 OK');
      expect(body).toBe(good.body);
      expect(fields['transfer-encoding']).toEqual(isOld ? undefined : ['chunked']);
      expect(fields.trailer).toEqual(trailer);
      expect(fields.vary).toEqual(failed.ending === 'clean-failure' ? ['X-Want-Stream-Status'] : undefined);
      expect(end).toBe(isOld ? 'FIN' : 'kept');
      expect(await answers[0]!.outcome).toBeUndefined();
      expect(await answers[0]!.finished).toBeUndefined();
      if (isOld) return;
      wire.send(PLAIN);
      expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(AGAIN);
    });

    test('a failed body', async () => {
      const error = new Error('the disk is gone');
      const { port, answers } = await answering(failing([HELLO_WORLD], error));
      const wire = dial(port, request);
      const { octets, end } =
        failed.end === 'kept' ? { octets: await wire.until('=:\r\n\r\n'), end: 'kept' } : await wire.closed();
      const { statusLine, fields, body } = messageFrom(octets);
      expect(statusLine).toBe('HTTP/1.1 200 OK');
      expect(body).toBe(failed.body);
      expect(fields.trailer).toEqual(trailer);
      expect(end).toBe(failed.end);
      expect(await answers[0]!.outcome).toBe(error);
      expect(await answers[0]!.finished).toBeInstanceOf(Error);
      expect(answers[0]!.res.destroyed).toBe(true);
      if (end !== 'kept') return;
      wire.send(PLAIN);
      expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(AGAIN);
    });
  });

  test.each([
    ['HEAD', HEAD, 200],
    ['HEAD that asks for everything', AWARE.replace('GET', 'HEAD'), 200],
    ['204', AWARE, 204],
    ['304', AWARE, 304],
  ])('%s: no trailers, no Trailer; the connection is kept', async (_title, request, status) => {
    const { port } = await answering(Readable.from([HELLO_WORLD]), (res) => {
      res.statusCode = status;
    });
    const wire = dial(port, request);
    const { fields } = messageFrom(await wire.until('\r\n\r\n'));
    expect(fields).not.toHaveProperty('trailer');
    wire.send(PLAIN);
    const next = messageFrom(await wire.until(LAST_CHUNK)); // nothing lies between the two
    expect(next.statusLine).toBe('HTTP/1.1 200 OK');
    expect(next.body).toBe(AGAIN);
  });

  test.each([
    ['asks for everything', AWARE],
    ['asks for trailers', TRAILERS],
    ['asks for nothing', PLAIN],
    ['is of HTTP/1.0', OLD],
  ])('nothing sent yet, a client that %s: 500 with problem+json', async (_, request) => {
    const error = new Error('no such row');
    const { port, answers } = await answering(failing([], error), (res) => {
      res.setHeader('Content-Type', 'text/csv').setHeader('Content-Length', 10).setHeader('X-Kept', 'yes');
    });
    const wire = dial(port, request);
    const { statusLine, fields, body } = messageFrom(await wire.until('}\n'));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields['content-type']).toEqual(['application/problem+json']);
    expect(fields['content-length']).toEqual(['68']);
    expect(fields['x-kept']).toEqual(['yes']);
    expect(fields).not.toHaveProperty('trailer');
    expect(body).toBe('{"type":"about:blank","title":"Internal Server Error","status":500}\n');
    expect(await answers[0]!.outcome).toBe(error);
    if (request === OLD) return;
    wire.send(PLAIN);
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(AGAIN);
  });

  test('a destroy without an error before the head sends nothing, as ever', async () => {
    const port = await start((_, res) => void res.destroy());
    expect((await dial(port, AWARE).closed()).octets).toBe('');
  });

  test.each([
    ['asks for everything', AWARE],
    ['asks for nothing', PLAIN],
  ])('a length that is known, for a client that %s: cut before it is full', async (_, request) => {
    const { port } = await answering(failing([HELLO_WORLD]), (res) => res.setHeader('Content-Length', 100));
    const { octets, end } = await dial(port, request).closed();
    const { fields, body } = messageFrom(octets);
    expect(fields['content-length']).toEqual(['100']);
    expect(fields).not.toHaveProperty('trailer');
    expect(body).toBe(HELLO_WORLD);
    expect(end).toBe('FIN');
  });

  test.each([
    ['asks for everything', AWARE],
    ['reads the status', ASKING],
    ['asks for nothing', PLAIN],
    ['is of HTTP/1.0', OLD],
  ])('all that was written before a failure arrives, for a slow reader that %s', async (_, request) => {
    let onDestroyed = () => {};
    const destroyed = new Promise<void>((resolve) => {
      onDestroyed = resolve;
    });
    const port = await start((_, res) => {
      const block = Buffer.alloc(65_536, 'x');
      for (let i = 0; i < 128; i++) res.write(block);
      res.destroy(new Error('the disk is gone'));
      onDestroyed();
    });
    const wire = dial(port);
    wire.socket.pause();
    wire.send(request);
    await destroyed;
    wire.socket.resume();
    const { octets } = request === AWARE ? { octets: await wire.until('X-Stream-Status: error') } : await wire.closed();
    expect(octets.split('x').length - 1).toBeGreaterThanOrEqual(8 * 1024 * 1024);
  });

  test('pipelined requests: a failure that waits behind another response ends as ever', async () => {
    const release: (() => void)[] = [];
    let count = 0;
    const port = await start((_, res) => {
      if (count++ === 0) {
        release.push(() => res.end('first'));
      } else {
        res.write(HELLO_WORLD);
        res.destroy(new Error('the disk is gone'));
        for (const one of release) one();
      }
    });
    const wire = dial(port, AWARE + AWARE);
    await wire.until('first');
    const { body } = messageFrom(await wire.until('=:\r\n\r\n'));
    expect(body).toMatch(/\r\n0\r\nX-Stream-Status: error;bytes=19;type=source_error\r\n/);
  });

  test('pipelined requests: a cut behind another response', async () => {
    const release: (() => void)[] = [];
    let count = 0;
    const port = await start((_, res) => {
      if (count++ === 0) {
        release.push(() => res.end('first'));
      } else {
        res.write(HELLO_WORLD);
        res.destroy(new Error('the disk is gone'));
        setImmediate(() => release[0]!());
      }
    });
    const wire = dial(port, PLAIN + PLAIN);
    await wire.until('first');
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets).body).toBe(`13\r\n${HELLO_WORLD}\r\n`);
    expect(end).toBe('FIN');
  });
});
