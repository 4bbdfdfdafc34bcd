/**
 * Strategy: `respond(target, { length })` in all that it promises, on a raw socket and on `node:http` side by side. Each
 * client is one row of the table of endings; content comes out as promised, shorter, longer, and fails after its last octet.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import {
  ASKING,
  AWARE,
  abortChunk,
  dial,
  get,
  HEAD,
  LAST_CHUNK,
  messageFrom,
  OLD,
  PLAIN,
  TRAILERS,
  unchunk,
} from '../support/dial.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { begin, failing, KINDS, type Source, serve } from '../support/servers.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const TRAILER_SECTION = `0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;
const promised = (length: number, options: RespondOptions = {}) => ({ length, ...options });
const CLOSING = get('Connection: close\r\n');
const HEAD_AWARE = AWARE.replace('GET', 'HEAD');
const HEAD_OLD = OLD.replace('GET', 'HEAD');

/** Pieces that are not gathered into one. */
async function* apart(...pieces: string[]) {
  for (const piece of pieces) {
    yield piece;
    await new Promise(setImmediate);
  }
}

describe.each(KINDS)('a length that is known, on %s', (_kind, answering) => {
  test('HTTP/1.1 that asks for nothing: Content-Length in place of chunks, and the connection is kept', async () => {
    const server = await answering(
      { source: Readable.from([HELLO_WORLD]), options: promised(19) },
      { source: Readable.from([HELLO_WORLD]), options: promised(19) },
    );
    const wire = dial(server.port, PLAIN);
    for (const _ of [1, 2]) {
      const { fields, body } = messageFrom(await wire.until(HELLO_WORLD));
      expect(fields).toMatchObject({ 'content-length': ['19'] });
      for (const name of ['transfer-encoding', 'trailer', 'x-stream-length']) expect(fields).not.toHaveProperty(name);
      expect(body).toBe(HELLO_WORLD);
      wire.send(PLAIN);
    }
    expect((await server.answered(0)).response.ending).toBe('plain');
  });

  test.each([
    ['HTTP/1.0', OLD],
    ['Connection: close', CLOSING],
  ])('%s: Content-Length, then FIN', async (_, request) => {
    const server = await answering({ source: Readable.from([HELLO_WORLD]), options: promised(19) });
    const { octets, end } = await dial(server.port, request).closed();
    const { fields, body } = messageFrom(octets);
    expect(fields['content-length']).toEqual(['19']);
    expect(body).toBe(HELLO_WORLD);
    expect(end).toBe('FIN');
  });

  test.each([
    ['trailers and the status', AWARE, TRAILER_SECTION],
    ['trailers', TRAILERS, TRAILER_SECTION],
    ['the status', ASKING, LAST_CHUNK],
  ])('asked for %s: chunks, their end, and the length as a hint', async (_, request, ending) => {
    const server = await answering({ source: Readable.from([HELLO_WORLD]), options: promised(19) });
    const { fields, body } = messageFrom(await dial(server.port, request).until(ending));
    expect(fields).toMatchObject({ 'transfer-encoding': ['chunked'], 'x-stream-length': ['19'] });
    expect(fields).not.toHaveProperty('content-length');
    expect(body).toBe(CHUNK + ending);
  });

  test('no content at all: a length of 0', async () => {
    const server = await answering({ source: Readable.from([]), options: promised(0) });
    expect(messageFrom(await dial(server.port, PLAIN).until('\r\n\r\n')).fields['content-length']).toEqual(['0']);
    expect((await server.answered(0)).response.ending).toBe('plain');
  });

  test.each<[string, string, Record<string, string[]>]>([
    ['nothing', HEAD, { 'content-length': ['19'] }],
    ['nothing, in HTTP/1.0', HEAD_OLD, { 'content-length': ['19'] }],
    ['trailers and the status', HEAD_AWARE, { 'x-stream-length': ['19'] }],
  ])('RFC 9110 §9.3.2: the head of HEAD says what that of GET would, asked for %s', async (_, request, expected) => {
    const server = await answering({ source: Readable.from([HELLO_WORLD]), options: promised(19) });
    const wire = dial(server.port, request);
    const { fields } = messageFrom(await wire.until('\r\n\r\n'));
    expect(fields).toMatchObject(expected);
    for (const name of ['transfer-encoding', 'trailer']) expect(fields).not.toHaveProperty(name);
    expect(fields).not.toHaveProperty(expected['content-length'] ? 'x-stream-length' : 'content-length');
    expect((await server.answered(0)).response.ending).toBe('none');
    wire.socket.end();
    expect((await wire.closed()).octets).toBe('');
  });

  test.each([204, 304])('%d has no content, whatever length was promised', async (status) => {
    const server = await answering({ source: Readable.from([]), options: promised(19, { status }) });
    const { fields } = messageFrom(await dial(server.port, PLAIN).until('\r\n\r\n'));
    expect(fields).not.toHaveProperty('content-length');
    expect(await (await server.answered(0)).outcome).toBeUndefined();
  });

  const wrong: [string, () => Source, string][] = [
    ['shorter', () => apart('four', 'teen'), 'fourteen'],
    ['longer', () => apart('eighteen of them, ', 'and more'), 'eighteen of them, '],
    ['longer by what comes after it was all there', () => apart(HELLO_WORLD, '!'), HELLO_WORLD],
    ['right, and then it fails', () => failing([HELLO_WORLD]), HELLO_WORLD],
  ];
  for (const [title, source, most] of wrong) {
    test.each([
      ['HTTP/1.1', PLAIN],
      ['HTTP/1.0', OLD],
      ['Connection: close', CLOSING],
    ])(`content that is ${title}: cut before the length is full, %s`, async (_, request) => {
      const server = await answering({ source: source(), options: promised(19) });
      const { octets, end } = await dial(server.port, request).closed();
      const { fields, body } = messageFrom(octets);
      expect(fields['content-length']).toEqual(['19']);
      expect(most.startsWith(body)).toBe(true);
      expect(body.length).toBeLessThan(19);
      expect(end).toBe('FIN');
      const answer = await server.answered(0);
      expect(await answer.outcome).toBeInstanceOf(Error);
      expect(answer.response.ending).toBe('cut');
    });

    test(`content that is ${title}: the reason, for who asked`, async () => {
      const server = await answering(
        { source: source(), options: promised(19) },
        { source: source(), options: promised(19) },
      );
      const { body } = messageFrom(await dial(server.port, AWARE).until('=:\r\n\r\n'));
      expect(body).toMatch(/0\r\nX-Stream-Status: error;bytes=\d+;type=source_error\r\n/);
      const { octets, end } = await dial(server.port, ASKING).closed();
      expect(octets.endsWith(abortChunk('source_error'))).toBe(true);
      expect(end).toBe('FIN');
    });
  }

  test('more than was promised, in the first piece: nothing of it was sent, so that it is a 500', async () => {
    const server = await answering({ source: Readable.from([HELLO_WORLD]), options: promised(18) });
    const { statusLine, fields } = messageFrom(await dial(server.port, PLAIN).until('}\n'));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields['content-length']).toEqual(['68']);
    expect(await (await server.answered(0)).outcome).toMatchObject({ code: 'ERR_CONTENT_LENGTH_MISMATCH' });
  });

  test('less than was promised, and nothing was sent: a 500', async () => {
    const server = await answering({ source: Readable.from([]), options: promised(19) });
    expect(messageFrom(await dial(server.port, PLAIN).until('}\n')).statusLine).toMatch('HTTP/1.1 500 ');
  });

  test('a single octet that is held back until the end does not hold back the head', async () => {
    const source = new Readable({ read() {} });
    source.push('x');
    const server = await answering({ source, options: promised(1) });
    const wire = dial(server.port, PLAIN);
    expect(messageFrom(await wire.until('\r\n\r\n')).fields['content-length']).toEqual(['1']);
    source.destroy(new Error('the disk is gone'));
    expect(await wire.closed()).toEqual({ octets: '', end: 'FIN' });
  });

  test('much content in many pieces comes as it was', async () => {
    const pieces = Array.from({ length: 300 }, (_, at) => `${at},`.repeat(at));
    const text = pieces.join('');
    const server = await answering({ source: Readable.from(pieces), options: promised(text.length) });
    const wire = dial(server.port, OLD);
    const { body } = messageFrom((await wire.closed()).octets);
    expect(body === text).toBe(true);
  });

  test('a length that is none is refused at once', async () => {
    const thrown: unknown[] = [];
    const options = () => {
      for (const length of [-1, 1.5, Number.NaN, 2 ** 53, '5' as never]) {
        try {
          respond({ writeHead() {}, write() {}, req: { headers: {} } } as never, { length });
        } catch (error) {
          thrown.push(error);
        }
      }
      return {};
    };
    const server = await answering({ source: Readable.from(['ok']), options });
    await dial(server.port, PLAIN).until(LAST_CHUNK);
    expect(thrown).toHaveLength(5);
    expect(thrown.map((error) => (error as Error).name)).toEqual([...Array(4).fill('RangeError'), 'TypeError']);
  });
});

test.each<[string, string, (body: string) => string]>([
  ['that asks for nothing', PLAIN, (body) => unchunk(body).data],
  ['of HTTP/1.0', OLD, (body) => body],
])('a middleware that may change the content: no length for a client %s', async (_, request, contentOf) => {
  const { port } = await serve((_req, res) => {
    const { end } = res;
    res.end = function (this: typeof res) {
      this.write('<!-->');
      return (end as () => typeof res).call(this);
    } as typeof res.end;
    begin(Readable.from([HELLO_WORLD]), respond(res, { length: 19 }));
  });
  const wire = dial(port, request);
  const { fields, body } = messageFrom(request === OLD ? (await wire.closed()).octets : await wire.until(LAST_CHUNK));
  expect(fields).not.toHaveProperty('content-length');
  expect(contentOf(body)).toBe(`${HELLO_WORLD}<!-->`);
});
