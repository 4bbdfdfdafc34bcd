/**
 * Strategy: the head is committed with the first octet of content. Every failure before that must give an ordinary error
 * response, whatever the request has earned, and leave the connection usable where it may be.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { RespondOptions } from '../../../src/node/send/respond.ts';
import { closed, localConnection } from '../../support/sockets.ts';
import { AWARE, answer, answerNext, failing, LAST_CHUNK, messageFrom, OLD, PLAIN, TRAILERS } from './answering.ts';

const ERROR = new Error('no such table: secrets');
const PROBLEM = '{"type":"about:blank","title":"Internal Server Error","status":500}\n'; // 68 octets

describe('RFC 9457 §3: a failure before the first octet is a 500 with a problem', () => {
  test.each([
    ['TE and the wish', AWARE],
    ['TE alone', TRAILERS],
    ['neither', PLAIN],
  ])('%s: and the connection is reusable', async (_, request) => {
    const { wire, server, response, outcome } = await answer(request, failing([], ERROR));
    expect(await outcome).toBe(ERROR);
    const { statusLine, fields, body } = messageFrom(await wire.until(PROBLEM));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields).toEqual({
      'content-type': 'application/problem+json',
      'content-length': '68',
      date: expect.stringMatching(/ GMT$/),
    });
    expect(body).toBe(PROBLEM);
    await closed(response);
    expect(response.ending).toBe('error-response');

    wire.send(PLAIN);
    await answerNext(server, Readable.from(['a']));
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`1\r\na\r\n${LAST_CHUNK}`);
  });

  test.each([
    ['HTTP/1.0', OLD],
    ['Connection: close', PLAIN.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')],
    ['a request with content', 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello'],
  ])('RFC 9112 §9.6: %s: says close, and closes', async (_, request) => {
    const { wire } = await answer(request, failing([], ERROR));
    const { octets, end } = await wire.closed();
    const { statusLine, fields, body } = messageFrom(octets);
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields).toMatchObject({ connection: 'close', 'content-length': '68' });
    expect(body).toBe(PROBLEM);
    expect(end).toBe('FIN');
  });

  test('RFC 9110 §9.3.2: to HEAD without the content, but with its length', async () => {
    const { wire, server, response } = await answer(PLAIN.replace('GET', 'HEAD'), failing([], ERROR));
    const { statusLine, fields, body } = messageFrom(await wire.until('\r\n\r\n'));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields).toMatchObject({ 'content-length': '68' });
    expect(body).toBe('');
    await closed(response);
    server.end();
    expect((await wire.closed()).octets).toBe('');
  });

  test('empty content does not commit the head', async () => {
    const source = async function* () {
      yield Buffer.alloc(0);
      throw ERROR;
    };
    const { wire } = await answer(PLAIN, source);
    expect(await wire.until(PROBLEM)).toMatch(/^HTTP\/1.1 500 /);
  });

  test('the fields of the good response are not in it', async () => {
    const headers = { 'Content-Type': 'video/mp4', ETag: '"a"', 'Cache-Control': 'max-age=9999' };
    const { wire } = await answer(PLAIN, failing([], ERROR), { headers });
    const { fields } = messageFrom(await wire.until(PROBLEM));
    expect(Object.keys(fields).sort()).toEqual(['content-length', 'content-type', 'date']);
    expect(fields['content-type']).toBe('application/problem+json');
  });

  test('an extra trailer that fails on an empty body is one as well', async () => {
    const extraTrailers = { names: ['A'], fields: () => expect.fail('no timing') };
    const { wire, response } = await answer(AWARE, Readable.from([]), { extraTrailers });
    expect(await wire.until(PROBLEM)).toMatch(/^HTTP\/1.1 500 /);
    expect(response.ending).toBe('error-response');
  });
});

test.each([
  ['good', ['a']],
  ['empty', []],
])(
  'RFC 9112 §6.3 rule 8: HTTP/1.0 where no RST can show a failure: 505, though the source is %s',
  async (_, pieces) => {
    const { wire, response, outcome } = await answer(OLD, Readable.from(pieces), {}, await localConnection());
    expect(await outcome).toBeInstanceOf(Error);
    const { octets, end } = await wire.closed();
    expect(octets).toMatch(/^HTTP\/1.1 505 HTTP Version Not Supported\r\n/);
    expect(end).toBe('FIN');
    expect(response.ending).toBe('error-response');
  },
);

describe('errorResponse', () => {
  const override = async (errorResponse: NonNullable<RespondOptions['errorResponse']>) => {
    const { wire, server, response, outcome } = await answer(PLAIN, failing([], ERROR), { errorResponse });
    await outcome;
    await closed(response);
    server.end();
    return messageFrom((await wire.closed()).octets);
  };

  test('sees the error and makes the response', async () => {
    const message = await override((error) => ({
      status: error === ERROR ? 503 : 500,
      headers: { 'Retry-After': 30, 'Content-Type': 'text/plain' },
      body: 'later\n',
    }));
    expect(message.statusLine).toBe('HTTP/1.1 503 Service Unavailable');
    expect(message.fields).toMatchObject({ 'retry-after': '30', 'content-type': 'text/plain', 'content-length': '6' });
    expect(message.body).toBe('later\n');
  });

  test.each([
    ['throws', () => expect.fail('again')],
    ['gives what cannot be sent', () => ({ status: 99 })],
    ['gives a body of another type', () => ({ body: 5 as unknown as string })],
    ['gives a status that has no content', () => ({ status: 204, body: 'the next response?' })],
    ['gives a field with a line break', () => ({ headers: { A: 'b\r\n\r\nHTTP/1.1 200 OK' } })],
  ])('one that %s gets the default: the client is not left without an answer', async (_, errorResponse) => {
    const { statusLine, body } = await override(errorResponse);
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(body).toBe(PROBLEM);
  });

  test('is not asked once the head is out', async () => {
    const { wire } = await answer(PLAIN, failing(['a'], ERROR), { errorResponse: () => expect.fail('too late') });
    expect((await wire.closed()).octets).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });
});
