/**
 * Strategy: the head before any content, by the option and by the method, on a raw socket and on `node:http`. A source that
 * gives nothing shows that the head is out; what fails after it is a failure of the body, as its client has earned it.
 */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import {
  ABORT_CHUNK,
  ASKING,
  AWARE,
  dial,
  get,
  HEAD,
  LAST_CHUNK,
  messageFrom,
  OLD,
  PLAIN,
  TRAILERS,
} from '../support/dial.ts';
import { type Answering, begin, KINDS, serve } from '../support/servers.ts';

const END_OF_HEAD = '\r\n\r\n';
const silent = () => new Readable({ read() {} });
const failed = (bytes: number) => `0\r\nX-Stream-Status: error;bytes=${bytes};type=source_error\r\n`;

/** Both ways to ask for it; the method is called when `respond` has returned. */
const WAYS: [title: string, options: RespondOptions, call: (server: Answering) => Promise<void>][] = [
  ['the option', { flushHeaders: true }, async () => {}],
  [
    'the method',
    {},
    async ({ server, answers }) => {
      while (answers.length === 0) await new Promise(setImmediate);
      answers[0]!.response.flushHeaders();
      answers[0]!.response.flushHeaders(); // the second does nothing
      expect(server.listening).toBe(true);
    },
  ],
];

describe.each(KINDS)('the head at once on %s', (_kind, answering) => {
  describe.each(WAYS)('by %s', (_way, options, call) => {
    test.each([
      ['HTTP/1.1', PLAIN, '', 'FIN'],
      ['the status', ASKING, ABORT_CHUNK, 'FIN'],
      ['trailers', TRAILERS, '', 'FIN'],
      ['HTTP/1.0', OLD, '', 'ECONNRESET'],
    ])('%s: the head without content, and a failure after it is one of the body', async (_, request, rest, end) => {
      const source = silent();
      const server = await answering({ source, options });
      const wire = dial(server.port, request);
      await call(server);
      expect(messageFrom(await wire.until(END_OF_HEAD)).statusLine).toBe('HTTP/1.1 200 OK');
      source.destroy(new Error('the disk is gone'));
      expect(await wire.closed()).toEqual({ octets: rest, end });
    });

    test('asked for everything: trailers are announced, the failure is clean, the connection is kept', async () => {
      const source = silent();
      const server = await answering({ source, options }, { source: Readable.from(['again']) });
      const wire = dial(server.port, AWARE);
      await call(server);
      const { fields } = messageFrom(await wire.until(END_OF_HEAD));
      expect(fields.trailer).toEqual(['X-Stream-Status, Content-Digest']);
      source.destroy(new Error('the disk is gone'));
      expect(await wire.until('=:\r\n\r\n')).toContain(failed(0));
      wire.send(PLAIN);
      expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`5\r\nagain\r\n${LAST_CHUNK}`);
    });

    test('content and end follow as they come', async () => {
      const source = silent();
      const server = await answering({ source, options });
      const wire = dial(server.port, PLAIN);
      await call(server);
      await wire.until(END_OF_HEAD);
      source.push('data: 1\n\n');
      expect(await wire.until('\n\n\r\n')).toBe('9\r\ndata: 1\n\n\r\n');
      source.push(null);
      expect(await wire.until(LAST_CHUNK)).toBe(LAST_CHUNK);
      expect(await (await server.answered(0)).outcome).toBeUndefined();
    });

    test('with a length, the head has it', async () => {
      const source = silent();
      const server = await answering({ source, options: { ...options, length: 2 } });
      const wire = dial(server.port, PLAIN);
      await call(server);
      expect(messageFrom(await wire.until(END_OF_HEAD)).fields['content-length']).toEqual(['2']);
      source.push('ok');
      source.push(null);
      expect(await wire.until('ok')).toBe('ok');
    });

    test('HEAD: a head, and nothing else', async () => {
      const source = silent();
      const server = await answering({ source, options }, { source: Readable.from(['again']) });
      const wire = dial(server.port, HEAD);
      expect(messageFrom(await wire.until(END_OF_HEAD)).statusLine).toBe('HTTP/1.1 200 OK');
      expect((await server.answered(0)).response.ending).toBe('none');
      expect(source.destroyed).toBe(true);
      wire.send(PLAIN);
      expect((await wire.until(LAST_CHUNK)).startsWith('HTTP/1.1 200 OK\r\n')).toBe(true);
    });
  });

  test('what has been aborted before the head is out gets an error response', async () => {
    const options = { flushHeaders: true, signal: AbortSignal.abort() };
    const server = await answering({ source: silent(), options });
    expect(messageFrom(await dial(server.port, PLAIN).until('}\n')).statusLine).toMatch('HTTP/1.1 500 ');
  });

  test('after the end, and after the failure, it does nothing', async () => {
    const server = await answering({ source: Readable.from(['ok']) });
    const wire = dial(server.port, get('Connection: close\r\n'));
    const { response } = await server.answered(0);
    response.flushHeaders();
    expect(messageFrom((await wire.closed()).octets).body).toBe(`2\r\nok\r\n${LAST_CHUNK}`);
  });
});

describe('on node:http', () => {
  test('status and fields are those at the moment of the call', async () => {
    const { port } = await serve((_, res) => {
      const response = respond(res);
      res.statusCode = 206;
      res.setHeader('Content-Type', 'text/event-stream');
      response.flushHeaders();
      response.end('data: 1\n\n');
    });
    const { statusLine, fields } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
    expect(statusLine).toBe('HTTP/1.1 206 Partial Content');
    expect(fields['content-type']).toEqual(['text/event-stream']);
  });

  test.each<[string, (res: ServerResponse) => void]>([
    ['a status that is none', (res) => (res.statusCode = 99)],
    ['a Content-Length', (res) => res.setHeader('Content-Length', 5)],
    [
      'a hook that throws',
      (res) =>
        (res.writeHead = () => {
          throw new Error('the hook is broken');
        }),
    ],
  ])('%s cannot be sent: an error response, or the end of the connection, and never a hang', async (title, spoil) => {
    const outcomes: unknown[] = [];
    const { port } = await serve((_, res) => {
      const response = respond(res);
      response.on('error', (error) => outcomes.push(error));
      spoil(res);
      response.flushHeaders();
    });
    const { octets } = await dial(port, get('Connection: close\r\n')).closed();
    if (title === 'a hook that throws') expect(octets).toBe('');
    else expect(messageFrom(octets).statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(outcomes).toHaveLength(1);
  });

  test('a pipelined response waits with its head for its turn', async () => {
    const first = silent();
    const second = silent();
    const { port } = await serve((req, res) => {
      begin(req.url === '/1' ? first : second, respond(res, { flushHeaders: true, headers: { 'X-Url': req.url! } }));
    });
    const wire = dial(port, get('', '/1') + get('', '/2'));
    expect(messageFrom(await wire.until(END_OF_HEAD)).fields['x-url']).toEqual(['/1']);
    first.push(null);
    expect(await wire.until(LAST_CHUNK)).toBe(LAST_CHUNK);
    expect(messageFrom(await wire.until(END_OF_HEAD)).fields['x-url']).toEqual(['/2']);
    second.destroy(new Error('the disk is gone'));
    expect(await wire.closed()).toEqual({ octets: '', end: 'FIN' });
  });
});
