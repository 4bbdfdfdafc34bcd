/**
 * Strategy: x-stream-status 4.3. The reason is taken only where input ends before that chunk gets an octet of data; on any
 * other chunk the extension is ignored like every unknown one.
 */
import { describe, test } from 'vitest';
import { expectAccepted, expectMalformed, expectTruncated } from '../support/decoding.ts';

const EXTENSION = ';x-stream-status="error;type=source_error"';
const REASON = 'error;type=source_error';

describe('x-stream-status 4.3: the abort ending', () => {
  test.each([
    ['alone', `1${EXTENSION}\r\n`, ''],
    ['behind a body', `5\r\nhello\r\n1${EXTENSION}\r\n`, 'hello'],
    ['behind a chunk with the extension', `1${EXTENSION}\r\na\r\n1${EXTENSION}\r\n`, 'a'],
    ['on a chunk of another size', `00fF${EXTENSION}\r\n`, ''],
    ['in another case', '1;X-STREAM-STATUS="error;type=source_error"\r\n', ''],
    ['with BWS', '1 ; x-stream-status\t= "error;type=source_error"\r\n', ''],
    ['among others', '1;a;b="c;d";x-stream-status="error;type=source_error";e=f\r\n', ''],
    ['with quoted-pairs', '1;x-stream-status="error\\;type=source\\_error"\r\n', ''],
  ])('%s', (_, wire, data) => {
    expectTruncated(wire, { data, abortReason: REASON });
  });

  test('RFC 9112 §7.1.1: a token is a reason too', () => {
    expectTruncated('1;x-stream-status=error\r\n', { abortReason: 'error' });
  });
});

describe('RFC 9112 §7.1.1: an extension that is to be ignored', () => {
  test('where the chunk has got an octet of its data', () => {
    expectTruncated(`1${EXTENSION}\r\na`, { data: 'a' });
    expectTruncated(`1${EXTENSION}\r\na\r\n`, { data: 'a' });
    expectTruncated(`5${EXTENSION}\r\na`, { data: 'a' });
  });

  test('where another chunk line follows', () => {
    expectTruncated(`1${EXTENSION}\r\na\r\n1`, { data: 'a' });
    expectTruncated(`1${EXTENSION}\r\na\r\n1\r\n`, { data: 'a' });
    expectTruncated(`1${EXTENSION}\r\na\r\n1;a\r\n`, { data: 'a' });
  });

  test('where the chunk line has not ended', () => {
    for (const cut of [1, 2, 3, 20]) expectTruncated(`1${EXTENSION}\r\n`.slice(0, -cut));
  });

  test('on a last-chunk, which has no data to wait for', () => {
    expectTruncated(`0${EXTENSION}\r\n`);
    expectTruncated(`5\r\nhello\r\n0${EXTENSION}\r\n`, { data: 'hello' });
  });

  test('in a body that is whole, or broken', () => {
    expectAccepted(`1${EXTENSION}\r\na\r\n0${EXTENSION}\r\n\r\n`, 'a');
    expectMalformed(`1${EXTENSION}\r\naX`, `1${EXTENSION}\r\na`.length, { data: 'a' });
  });

  test('given twice: two reasons are no evidence', () => {
    expectTruncated(`1${EXTENSION}${EXTENSION}\r\n`);
  });

  test('that has another name', () => {
    expectTruncated('1;x-stream-statu=error\r\n');
    expectTruncated('1;a="x-stream-status=error"\r\n');
  });
});
