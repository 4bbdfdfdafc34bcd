/**
 * Strategy: what a failure tells the client: nothing of its message by default, and what `describeError` says in a form
 * that no field line or chunk line can break on (spec-notes/x-stream-status.md).
 */
import { describe, expect, test } from 'vitest';
import type { DescribeError } from '../../../src/core/failure.ts';
import { ASKING, AWARE, answer, failing, messageFrom } from './answering.ts';

/** The line that carries the status of a failed body of one octet, without what surrounds it. */
async function trailerLine(describeError?: DescribeError, error?: unknown): Promise<string> {
  const { wire } = await answer(AWARE, failing(['a'], error), describeError && { describeError });
  const [, line] = /^1\r\na\r\n0\r\n([\s\S]*)\r\nContent-Digest: sha-256=:.{44}:\r\n\r\n$/.exec(
    messageFrom(await wire.until('=:\r\n\r\n')).body,
  )!;
  return line!;
}

async function abortLine(describeError?: DescribeError, error?: unknown): Promise<string> {
  const { wire } = await answer(ASKING, failing(['a'], error), describeError && { describeError });
  const [, line] = /^1\r\na\r\n([\s\S]*)\r\n$/.exec(messageFrom((await wire.closed()).octets).body)!;
  return line!;
}

test('by default, a type and nothing of the message or the stack', async () => {
  const error = new Error('password=hunter2');
  expect(await trailerLine(undefined, error)).toBe('X-Stream-Status: error;bytes=1;type=source_error');
  expect(await abortLine(undefined, error)).toBe('1;x-stream-status="error;type=source_error"');
});

test('type and details of describeError, which sees the error', async () => {
  const describeError: DescribeError = (error) => ({ type: 'destination_unavailable', details: String(error) });
  const error = new Error('shard 7');
  const status = 'type=destination_unavailable;details=';
  expect(await trailerLine(describeError, error)).toBe(`X-Stream-Status: error;bytes=1;${status}"Error: shard 7"`);
  expect(await abortLine(describeError, error)).toBe(`1;x-stream-status="error;${status}\\"Error: shard 7\\""`);
});

describe('RFC 9651 §3.3.3: details are a String', () => {
  const details = 'row 3: "total" is missing';

  test('its quotes are escaped, in a trailer once and in an abort chunk twice', async () => {
    expect(await trailerLine(() => ({ details }))).toBe(
      'X-Stream-Status: error;bytes=1;type=source_error;details="row 3: \\"total\\" is missing"',
    );
    expect(await abortLine(() => ({ details }))).toBe(
      '1;x-stream-status="error;type=source_error;details=\\"row 3: \\\\\\"total\\\\\\" is missing\\""',
    );
  });

  test.each([
    ['a line break and a field', 'a\r\nContent-Length: 0\r\n\r\n', 'a'],
    ['a bare LF', 'a\nb', 'a'],
    ['a NUL', 'a\0b', 'a'],
    ['beyond ASCII', 'pr\u00fcfung', 'pr'],
    ['beyond the BMP', 'a\u{1f4a5}b', 'a'],
    ['half of a surrogate pair', 'a\ud83d', 'a'],
    ['a backslash at the end', 'a\\', 'a'],
    ['long', 'x'.repeat(10_000), 'x'.repeat(200)],
    ['long, and all to be escaped', '\u00fc'.repeat(10_000), ''],
  ])('RFC 9110 §5.5: %s: printable ASCII, of at most 256 octets', async (_, hostile, start) => {
    const [, string] = /^X-Stream-Status: error;bytes=1;type=source_error;details="((?:[ !#-[\]-~]|\\["\\])*)"$/.exec(
      await trailerLine(() => ({ details: hostile })),
    )!;
    const plain = string!.replaceAll(/\\(.)/g, '$1');
    expect(plain.length).toBeLessThanOrEqual(256);
    expect(plain.slice(0, start.length)).toBe(start);

    const quoted = /^1;x-stream-status="((?:[ !#-[\]-~]|\\["\\])*)"$/.exec(
      await abortLine(() => ({ details: hostile })),
    )!;
    expect(quoted[1]!.replaceAll(/\\(.)/g, '$1')).toBe(`error;type=source_error;details="${string}"`);
  });
});

test.each([
  ['throws', () => expect.fail('describing it fails too')],
  ['gives a type that is no Token', () => ({ type: 'a\r\nb: c', details: 'd' })],
])('one that %s: internal_error', async (_, describeError) => {
  expect(await trailerLine(describeError)).toBe('X-Stream-Status: error;bytes=1;type=internal_error');
  expect(await abortLine(describeError)).toBe('1;x-stream-status="error;type=internal_error"');
});
