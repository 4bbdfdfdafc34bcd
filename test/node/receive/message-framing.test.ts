/**
 * Strategy: RFC 9112 §6.3 rule by rule, for `responseFraming`; each head in which two readers could see different
 * lengths is refused. The heads are parsed, so that repeated and folded lines are among them.
 */
import { describe, expect, test } from 'vitest';
import { parseResponseHead, responseFraming } from '../../../src/node/head/message-head.ts';
import { octets } from '../../support/octets.ts';

function framing(fields: string[], { method = 'GET', status = 200, version = '1.1' } = {}) {
  const lines = [`HTTP/${version} ${status} X`, ...fields, '', ''];
  return responseFraming(parseResponseHead(octets(lines.join('\r\n')), 16), method);
}

const CHUNKED = 'Transfer-Encoding: chunked';

describe('RFC 9112 §6.3 rule 1: no content, whatever the fields say', () => {
  test.each([
    ['an answer to HEAD', [CHUNKED], { method: 'HEAD' }],
    ['an answer to HEAD with a length', ['Content-Length: 5'], { method: 'HEAD' }],
    ['100', [], { status: 100 }],
    ['199', ['Content-Length: 5'], { status: 199 }],
    ['204', ['Content-Length: 5'], { status: 204 }],
    ['304', ['Content-Length: 5'], { status: 304 }],
    ['RFC 9112 §6.3 rule 2: a tunnel', [CHUNKED], { method: 'CONNECT' }],
    ['304 with Transfer-Encoding', [CHUNKED], { status: 304 }],
  ])('%s', (_, fields, message) => {
    expect(framing(fields, message)).toEqual({ kind: 'none' });
  });

  test('a refused CONNECT is no tunnel', () => {
    expect(framing([CHUNKED], { method: 'CONNECT', status: 407 })).toEqual({ kind: 'chunked' });
  });

  test('a method is told by its case', () => {
    expect(framing(['Content-Length: 5'], { method: 'head' })).toEqual({ kind: 'length', bytes: 5 });
  });
});

describe('RFC 9112 §6.3: the other rules', () => {
  test.each([
    ['rule 4: chunked', [CHUNKED], { kind: 'chunked' }],
    ['rule 4: in any case', ['transfer-encoding:  CHUNKED '], { kind: 'chunked' }],
    ['rule 6: a length', ['Content-Length: 5'], { kind: 'length', bytes: 5 }],
    ['rule 6: nothing', ['Content-Length: 0'], { kind: 'length', bytes: 0 }],
    ['rule 6: leading zeros', ['Content-Length: 005'], { kind: 'length', bytes: 5 }],
    ['rule 6: the largest', ['Content-Length: 9007199254740991'], { kind: 'length', bytes: 9007199254740991 }],
    ['rule 5: the same length in a list', ['Content-Length: 5, 5'], { kind: 'length', bytes: 5 }],
    ['rule 5: the same length on two lines', ['Content-Length: 5', 'content-length: 5'], { kind: 'length', bytes: 5 }],
    ['rule 8: until close', [], { kind: 'until-close' }],
  ])('%s', (_, fields, expected) => {
    expect(framing(fields)).toEqual(expected);
  });

  test('rule 8 holds for HTTP/1.0, and for 205 and 4xx', () => {
    expect(framing([], { version: '1.0' })).toEqual({ kind: 'until-close' });
    expect(framing([], { status: 404 })).toEqual({ kind: 'until-close' });
    expect(framing(['Content-Length: 0'], { status: 205 })).toEqual({ kind: 'length', bytes: 0 });
  });
});

describe('a framing that two readers could take differently is malformed', () => {
  test.each([
    ['RFC 9112 §6.2: both', [CHUNKED, 'Content-Length: 5']],
    ['RFC 9112 §6.2: both, the other way round', ['Content-Length: 0', CHUNKED]],
    ['RFC 9112 §6.1: chunked twice', ['Transfer-Encoding: chunked, chunked']],
    ['RFC 9112 §6.1: chunked twice, on two lines', [CHUNKED, CHUNKED]],
    ['RFC 9112 §6.1: chunked not final', ['Transfer-Encoding: chunked, gzip']],
    ['RFC 9112 §6.1: no chunked', ['Transfer-Encoding: gzip']],
    ['RFC 9112 §6.1: a coding that is not known', ['Transfer-Encoding: gzip, chunked']],
    ['RFC 9112 §6.1: identity, which is no coding any more', ['Transfer-Encoding: identity']],
    ['RFC 9112 §7: chunked with a parameter', ['Transfer-Encoding: chunked;q=1']],
    ['RFC 9112 §6.1: nothing', ['Transfer-Encoding:']],
    ['RFC 9112 §6.1: a token that looks like it', ['Transfer-Encoding: xchunked']],
    ['RFC 9112 §6.1: in quotes', ['Transfer-Encoding: "chunked"']],
    ['RFC 9112 §6.3: two lengths', ['Content-Length: 5, 6']],
    ['RFC 9112 §6.3: two lengths on two lines', ['Content-Length: 5', 'Content-Length: 6']],
    ['RFC 9110 §8.6: a negative length', ['Content-Length: -5']],
    ['RFC 9110 §8.6: a plus sign', ['Content-Length: +5']],
    ['RFC 9110 §8.6: hexadecimal', ['Content-Length: 0x5']],
    ['RFC 9110 §8.6: a fraction', ['Content-Length: 5.0']],
    ['RFC 9110 §8.6: an exponent', ['Content-Length: 5e0']],
    ['RFC 9110 §8.6: a space between digits', ['Content-Length: 5 5']],
    ['RFC 9110 §8.6: over 2^53-1', ['Content-Length: 9007199254740992']],
    ['RFC 9110 §8.6: nothing', ['Content-Length:']],
    ['RFC 9110 §8.6: an empty member', ['Content-Length: 5,']],
    ['RFC 9110 §8.6: digits of another script', ['Content-Length: \xb2']],
    ['RFC 9110 §8.6: a no-break space', ['Content-Length: 5\xa0']],
    ['RFC 9110 §8.6: a no-break space in front', ['Content-Length: \xa05']],
  ])('%s', (_, fields) => {
    expect(() => framing(fields)).toThrow(expect.objectContaining({ code: 'ERR_HEAD_MALFORMED' }));
  });

  test('RFC 9112 §6.1: Transfer-Encoding in an HTTP/1.0 response', () => {
    expect(() => framing([CHUNKED], { version: '1.0' })).toThrow(
      expect.objectContaining({ code: 'ERR_HEAD_MALFORMED' }),
    );
  });
});
