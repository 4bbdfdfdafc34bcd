/**
 * Strategy: the table of endings (x-stream-status 3), a row a test; then what decides which row a request is on, one field at a time.
 */
import { describe, expect, test } from 'vitest';
import { negotiate, type RequestFacts } from '../../../src/node/send/negotiation.ts';

const request = (headers: RequestFacts['headers'] = {}, facts: Partial<RequestFacts> = {}): RequestFacts => ({
  method: 'GET',
  httpVersion: '1.1',
  headers,
  ...facts,
});

const AWARE = { te: 'trailers', 'x-want-stream-status': '?1' };

describe('the table of endings', () => {
  test.each([
    ['HTTP/1.1, both fields', request(AWARE), 200, 'chunked', true, 'clean-failure', true],
    ['HTTP/1.1, TE: trailers alone', request({ te: 'trailers' }), 200, 'chunked', true, 'cut', true],
    ['HTTP/1.1, neither', request(), 200, 'chunked', false, 'cut', true],
    ['HTTP/1.1, the wish alone', request({ 'x-want-stream-status': '?1' }), 200, 'chunked', false, 'abort', true],
    ['HTTP/1.0', request({}, { httpVersion: '1.0' }), 200, 'until-close', false, 'reset', false],
    ['HTTP/1.0, both fields', request(AWARE, { httpVersion: '1.0' }), 200, 'until-close', false, 'reset', false],
    ['HEAD', request(AWARE, { method: 'HEAD' }), 200, 'none', false, 'none', true],
    ['HEAD over HTTP/1.0', request({}, { method: 'HEAD', httpVersion: '1.0' }), 200, 'none', false, 'none', false],
    ['RFC 9112 §6.1: a tunnel', request(AWARE, { method: 'CONNECT' }), 200, 'none', false, 'none', true],
    ['204', request(AWARE), 204, 'none', false, 'none', true],
    ['205', request(AWARE), 205, 'none', false, 'none', true],
    ['304', request(AWARE), 304, 'none', false, 'none', true],
    ['204 over HTTP/1.0', request({}, { httpVersion: '1.0' }), 204, 'none', false, 'none', false],
    ['an error status with content', request(AWARE), 404, 'chunked', true, 'clean-failure', true],
  ] as const)('%s', (_, facts, status, framing, hasTrailers, failureEnding, isPersistent) => {
    expect(negotiate(facts, status)).toEqual({
      framing,
      hasTrailers,
      failureEnding,
      isPersistent,
      preferredDigest: undefined,
    });
  });
});

test('content whose end is not proven is not vouched for: no trailers, and a failure is still told to who reads it', () => {
  const unsealed = { isSealed: false };
  expect(negotiate(request(AWARE), 200, unsealed)).toMatchObject({ hasTrailers: false, failureEnding: 'abort' });
  expect(negotiate(request({ te: 'trailers' }), 200, unsealed)).toEqual(negotiate(request(), 200));
});

describe('RFC 9112 §6.2: a length that is known', () => {
  test.each([
    ['nobody asked', request(), 'length', 'cut', true],
    ['HTTP/1.0', request({}, { httpVersion: '1.0' }), 'length', 'cut', false],
    ['TE: trailers', request({ te: 'trailers' }), 'chunked', 'cut', true],
    ['the wish alone', request({ 'x-want-stream-status': '?1' }), 'chunked', 'abort', true],
    ['both', request(AWARE), 'chunked', 'clean-failure', true],
    ['HEAD', request(AWARE, { method: 'HEAD' }), 'none', 'none', true],
  ] as const)('%s', (_, facts, framing, failureEnding, isPersistent) => {
    expect(negotiate(facts, 200, { hasLength: true })).toMatchObject({ framing, failureEnding, isPersistent });
  });
});

describe('RFC 9110 §10.1.4: TE', () => {
  test.each([
    ['trailers', true],
    ['Trailers', true],
    ['gzip, trailers', true],
    ['gzip;q=0.5,\ttrailers', true],
    ['deflate', false],
    ['', false],
    ['xtrailers', false],
    ['trailers-not', false],
  ])('%j asks for trailers: %s', (te, hasTrailers) => {
    expect(negotiate(request({ te }), 200).hasTrailers).toBe(hasTrailers);
  });

  test('counts whether or not Connection lists it', () => {
    expect(negotiate(request({ te: 'trailers', connection: 'TE' }), 200)).toEqual(
      negotiate(request({ te: 'trailers' }), 200),
    );
  });

  test('counts where it came as several lines', () => {
    expect(negotiate(request({ te: ['gzip', 'trailers'] }), 200).hasTrailers).toBe(true);
  });
});

describe('RFC 9651 §3.3.6: X-Want-Stream-Status is a Boolean', () => {
  test.each(['?0', '1', 'true', '?1, ?1', '', 'yes', '"?1"'])('%j is no wish', (wish) => {
    expect(negotiate(request({ ...AWARE, 'x-want-stream-status': wish }), 200).failureEnding).toBe('cut');
  });

  test('parameters do not change it', () => {
    const wish = { ...AWARE, 'x-want-stream-status': '?1;a=b' };
    expect(negotiate(request(wish), 200).failureEnding).toBe('clean-failure');
  });
});

describe('RFC 9112 §9.3: persistence', () => {
  test.each([
    ['by default', {}, true],
    ['not with Connection: close', { connection: 'close' }, false],
    ['not with close in a list, in any case', { connection: 'TE, Close' }, false],
    ['not behind content of a length', { 'content-length': '5' }, false],
    ['behind content of no length', { 'content-length': '0' }, true],
    ['not behind chunked content', { 'transfer-encoding': 'chunked' }, false],
  ])('%s', (_, headers, isPersistent) => {
    expect(negotiate(request(headers), 200).isPersistent).toBe(isPersistent);
  });

  test('HTTP/1.0 is never persistent here: its body ends with the connection', () => {
    const facts = request({ connection: 'keep-alive' }, { httpVersion: '1.0' });
    expect(negotiate(facts, 200).isPersistent).toBe(false);
  });
});

describe('RFC 9530 §4: Want-Content-Digest', () => {
  test.each([
    ['sha-256=1', 'sha-256'],
    ['sha-512=10', 'sha-512'],
    ['sha-256=3, sha-512=10', 'sha-512'],
    ['sha-256=0', 'sha-512'],
    ['sha-256=0, sha-512=0', 'none'],
    ['md5=10', undefined],
    ['sha-256', undefined],
    ['sha-256=11', undefined],
    ['?!', undefined],
  ])('%j prefers %s', (wanted, preferred) => {
    expect(negotiate(request({ te: 'trailers', 'want-content-digest': wanted }), 200).preferredDigest).toBe(preferred);
  });

  test('several lines are one list', () => {
    const facts = request({ te: 'trailers', 'want-content-digest': ['sha-256=3', 'sha-512=4'] });
    expect(negotiate(facts, 200).preferredDigest).toBe('sha-512');
  });
});

test('a request without a version, as test harnesses make them, is one of HTTP/1.1', () => {
  expect(negotiate({ headers: {} } as never, 200)).toMatchObject({ framing: 'chunked', failureEnding: 'cut' });
});
