/**
 * Strategy: heads as octets, what RFC 9112 §2–§5 makes of them, and every way to break one. Each malformed head differs
 * from a good one in a single place.
 */
import { describe, expect, test } from 'vitest';
import { listMembers } from '../../../src/core/fields.ts';
import { parseRequestHead, parseResponseHead } from '../../../src/node/head/message-head.ts';
import { octets } from '../../support/octets.ts';

const MAX_FIELDS = 8;
const request = (text: string) => parseRequestHead(octets(text), MAX_FIELDS);
const response = (text: string) => parseResponseHead(octets(text), MAX_FIELDS);
const MALFORMED = expect.objectContaining({ name: 'HeadError', code: 'ERR_HEAD_MALFORMED' });

describe('RFC 9112 §3: a request head', () => {
  test('request line and fields, names as they came and in lower case', () => {
    const head = request('GET /a?b=c HTTP/1.1\r\nHost: example.org\r\nX-Tag:one\r\nx-tag:\t two \t\r\nEmpty:\r\n\r\n');
    expect(head).toEqual({
      method: 'GET',
      target: '/a?b=c',
      httpVersion: '1.1',
      headers: Object.assign(Object.create(null), { host: 'example.org', 'x-tag': 'one, two', empty: '' }),
      rawHeaders: [
        ['Host', 'example.org'],
        ['X-Tag', 'one'],
        ['x-tag', 'two'],
        ['Empty', ''],
      ],
    });
  });

  test.each([
    ['HTTP/1.0', 'GET / HTTP/1.0', { method: 'GET', target: '/', httpVersion: '1.0' }],
    ['asterisk-form', 'OPTIONS * HTTP/1.1', { method: 'OPTIONS', target: '*', httpVersion: '1.1' }],
    ['authority-form', 'CONNECT a:443 HTTP/1.1', { method: 'CONNECT', target: 'a:443', httpVersion: '1.1' }],
    ['absolute-form', 'GET http://a/b HTTP/1.1', { method: 'GET', target: 'http://a/b', httpVersion: '1.1' }],
    ['an unknown method, whose case counts', 'gEt! / HTTP/1.1', { method: 'gEt!', target: '/', httpVersion: '1.1' }],
  ])('%s', (_, line, expected) => {
    expect(request(`${line}\r\n\r\n`)).toMatchObject(expected);
  });

  test('a field name that objects inherit is a field like any other', () => {
    const { headers } = request('GET / HTTP/1.1\r\n__proto__: a\r\nconstructor: b\r\n\r\n');
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  test.each([
    ['no version', 'GET /'],
    ['HTTP/2', 'GET / HTTP/2.0'],
    ['a version in lower case', 'GET / http/1.1'],
    ['a space behind the version', 'GET / HTTP/1.1 '],
    ['two spaces', 'GET  / HTTP/1.1'],
    ['a tab for a space', 'GET\t/ HTTP/1.1'],
    ['a space in the target', 'GET /a b HTTP/1.1'],
    ['no target', 'GET  HTTP/1.1'],
    ['no method', ' / HTTP/1.1'],
    ['a method that is no token', 'G@T / HTTP/1.1'],
    ['a bare CR', 'GET /\r HTTP/1.1'],
    ['a NUL', 'GET /\0 HTTP/1.1'],
    ['a response', 'HTTP/1.1 200 OK'],
    ['nothing', ''],
  ])('malformed: %s', (_, line) => {
    expect(() => request(`${line}\r\n\r\n`)).toThrow(MALFORMED);
  });

  test('RFC 9112 §3.2: more than one Host is malformed, even the same', () => {
    expect(() => request('GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n')).toThrow(MALFORMED);
    expect(request('GET / HTTP/1.1\r\nHost: a\r\nX-Host: b\r\n\r\n').headers.host).toBe('a');
  });

  test.each([' folded', '\tfolded'])('RFC 9112 §5.2: obs-fold in a request is refused: %j', (line) => {
    expect(() => request(`GET / HTTP/1.1\r\nA: b\r\n${line}\r\n\r\n`)).toThrow(MALFORMED);
    expect(() => request(`GET / HTTP/1.1\r\n${line}\r\nA: b\r\n\r\n`)).toThrow(MALFORMED);
  });
});

describe('RFC 9112 §4: a response head', () => {
  test('status line and fields', () => {
    const head = response('HTTP/1.1 404 Not Found\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nVia: c\r\nVia: d\r\n\r\n');
    expect(head).toEqual({
      statusCode: 404,
      statusMessage: 'Not Found',
      httpVersion: '1.1',
      headers: Object.assign(Object.create(null), { 'set-cookie': ['a=1', 'b=2'], via: 'c, d' }),
      rawHeaders: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Via', 'c'],
        ['Via', 'd'],
      ],
    });
  });

  test.each([
    ['an empty reason-phrase', 'HTTP/1.1 200 ', 200, ''],
    ['no reason-phrase and no space, as some servers send it', 'HTTP/1.1 200', 200, ''],
    ['obs-text in the reason-phrase', 'HTTP/1.0 299 \xfcber  gut', 299, '\xfcber  gut'],
    ['a status of no known class', 'HTTP/1.1 999 ?', 999, '?'],
  ])('%s', (_, line, statusCode, statusMessage) => {
    expect(response(`${line}\r\n\r\n`)).toMatchObject({ statusCode, statusMessage });
  });

  test.each([
    ['HTTP/2', 'HTTP/2 200 OK'],
    ['two digits', 'HTTP/1.1 20 OK'],
    ['four digits', 'HTTP/1.1 2000 OK'],
    ['a status below 100', 'HTTP/1.1 099 OK'],
    ['two spaces before the status', 'HTTP/1.1  200 OK'],
    ['whitespace before it', ' HTTP/1.1 200 OK'],
    ['a bare CR in the reason-phrase', 'HTTP/1.1 200 O\rK'],
    ['a NUL in the reason-phrase', 'HTTP/1.1 200 O\0K'],
    ['a request', 'GET / HTTP/1.1'],
    ['ICY', 'ICY 200 OK'],
    ['nothing', ''],
  ])('malformed: %s', (_, line) => {
    expect(() => response(`${line}\r\n\r\n`)).toThrow(MALFORMED);
  });

  test('RFC 9112 §5.2: obs-fold in a response is read as SP', () => {
    const { rawHeaders } = response('HTTP/1.1 200 OK\r\nA: one\r\n two\r\n\t three \r\nB: four\r\n\r\n');
    expect(rawHeaders).toEqual([
      ['A', 'one two three'],
      ['B', 'four'],
    ]);
  });

  test('RFC 9112 §2.2: whitespace between the status line and the first field is no obs-fold', () => {
    expect(() => response('HTTP/1.1 200 OK\r\n Transfer-Encoding: chunked\r\nA: b\r\n\r\n')).toThrow(MALFORMED);
  });
});

describe.each([
  ['request', 'GET / HTTP/1.1', request],
  ['response', 'HTTP/1.1 200 OK', response],
] as const)('RFC 9112 §5: the field lines of a %s', (_, startLine, parse) => {
  test.each([
    ['no colon', 'Host'],
    ['an empty name', ': a'],
    ['a space before the colon', 'Host : a'],
    ['a tab before the colon', 'Host\t: a'],
    ['a name that is no token', 'Ho(st: a'],
    ['obs-text in the name', 'H\xf6st: a'],
    ['a NUL in the value', 'Host: a\0b'],
    ['a DEL in the value', 'Host: a\x7fb'],
    ['a bare CR in the value', 'Host: a\rb'],
    ['a bare CR at the end of the value', 'Host: a\r'],
    ['a control in the value', 'Host: a\x01b'],
  ])('malformed: %s', (__, line) => {
    expect(() => parse(`${startLine}\r\n${line}\r\n\r\n`)).toThrow(MALFORMED);
    expect(() => parse(`${startLine}\r\nA: b\r\n${line}\r\n\r\n`)).toThrow(MALFORMED);
  });

  test('HTAB and obs-text may stand in a value, and colons', () => {
    const { rawHeaders } = parse(`${startLine}\r\nA: b\tc:\xe9\r\n\r\n`);
    expect(rawHeaders).toEqual([['A', 'b\tc:\xe9']]);
  });

  test('as many as the limit, and one more', () => {
    expect(parse(`${startLine}\r\n${'A: b\r\n'.repeat(MAX_FIELDS)}\r\n`).rawHeaders).toHaveLength(MAX_FIELDS);
    expect(() => parse(`${startLine}\r\n${'A: b\r\n'.repeat(MAX_FIELDS + 1)}\r\n`)).toThrow(
      expect.objectContaining({ code: 'ERR_HEAD_LIMIT' }),
    );
  });
});

test.each([
  [undefined, []],
  ['', []],
  [' , ,', []],
  ['Close', ['close']],
  ['a;q=1 , B', ['a;q=1', 'b']],
  [
    ['a', 'b, c'],
    ['a', 'b', 'c'],
  ],
])('RFC 9110 §5.6.1: the members of %j', (value, members) => {
  expect(listMembers(value)).toEqual(members);
});

test('RFC 9110 §2.5: a minor version that is not known is read as 1.1', () => {
  const octetsOf = (line: string) => octets(`${line}\r\nHost: a\r\n\r\n`);
  expect(parseRequestHead(octetsOf('GET / HTTP/1.2'), 9).httpVersion).toBe('1.1');
  expect(parseResponseHead(octetsOf('HTTP/1.9 200 OK'), 9).httpVersion).toBe('1.1');
});
