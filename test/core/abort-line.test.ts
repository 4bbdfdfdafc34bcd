/** Strategy: the abort line (x-stream-status.md) as it stands on the wire, and every form in which the reason may be read. */
import { describe, expect, test } from 'vitest';
import { readAbortReason, serializeAbortChunk } from '../../src/core/abort-line.ts';
import type { StreamStatus } from '../../src/core/stream-status.ts';
import { latin1, octets } from '../support/octets.ts';

describe('sent', () => {
  test.each<[StreamStatus, string]>([
    [{ kind: 'error', type: 'source_error' }, '1;x-stream-status="error;type=source_error"\r\n'],
    [{ kind: 'error', bytes: 5, type: 'timeout' }, '1;x-stream-status="error;bytes=5;type=timeout"\r\n'],
    [{ kind: 'error' }, '1;x-stream-status="error"\r\n'],
    [{ kind: 'error', details: 'a "b" \\' }, '1;x-stream-status="error;details=\\"a \\\\\\"b\\\\\\" \\\\\\\\\\""\r\n'],
    [{ kind: 'error', details: '\r\n' }, '1;x-stream-status="error;details=\\"\\\\\\\\u{d}\\\\\\\\u{a}\\""\r\n'],
  ])('RFC 9112 §7.1.1: %j as a quoted-string in a chunk extension', (status, header) => {
    expect(latin1(serializeAbortChunk(status))).toBe(header);
  });

  test('the longest status is far within the limit on a chunk line', () => {
    const worst: StreamStatus = {
      kind: 'error',
      bytes: 999_999_999_999_999,
      type: 'a'.repeat(64),
      details: '\\'.repeat(1000),
    };
    expect(serializeAbortChunk(worst).length).toBeLessThan(2048);
  });

  test('a status that cannot be serialized is an error of the caller', () => {
    expect(() => serializeAbortChunk({ kind: 'error', type: 'a b' })).toThrow(TypeError);
    expect(() => serializeAbortChunk({ kind: 'error', bytes: -1 })).toThrow(RangeError);
  });
});

describe('read', () => {
  test.each<[string, string]>([
    [';x-stream-status="error;type=timeout"', 'error;type=timeout'],
    [';X-Stream-Status=error', 'error'],
    [' ;\tx-stream-status \t= \t"error"', 'error'],
    [';a;b=c;x-stream-status=error;d="e"', 'error'],
    [';x-stream-status="error;details=\\"a \\\\\\"b\\\\\\"\\""', 'error;details="a \\"b\\""'],
    [';x-stream-status="a\\;\\b"', 'a;b'],
    [';x-stream-status=""', ''],
    [';x-stream-status="\xe9\t"', '\xe9\t'],
    [';a="x";x-stream-status="error"', 'error'],
    [';a="\\";x-stream-status=ok;";x-stream-status=error', 'error'],
  ])('RFC 9110 §5.6.4: %s', (extensions, reason) => {
    expect(readAbortReason(octets(extensions))).toBe(reason);
  });

  test.each<[string, string]>([
    ['no extension', ''],
    ['others alone', ';a;b=c;d="e"'],
    ['a longer name', ';x-stream-status-2=error;ax-stream-status=error'],
    ['the words inside a quoted-string', ';a="x;x-stream-status=error"'],
    ['the words inside a quoted-string, behind quoted-pairs', ';a="\\";x-stream-status=error;\\\\"'],
    ['twice', ';x-stream-status=error;x-stream-status="error"'],
    ['twice, in two cases and once without a value', ';x-stream-status;X-STREAM-STATUS=error'],
  ])('none is read from %s', (_, extensions) => {
    expect(readAbortReason(octets(extensions))).toBeUndefined();
  });
});
