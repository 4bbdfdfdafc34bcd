/**
 * Strategy: spec-notes/x-stream-status.md read back. Its octets give the counts and verdicts that the page gives, its
 * table of values is what the parser makes of them, and its numbers are those of the code.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { mayTrail } from '../../src/core/fields.ts';
import { parseStreamStatus, serializeStreamStatus } from '../../src/core/stream-status.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { createHasher } from '../support/hashing.ts';
import { octets } from '../support/octets.ts';

const page = await readFile(new URL('../../spec-notes/x-stream-status.md', import.meta.url), 'utf8');

const EXAMPLE = /(\d+) octets(?:, then FIN)?\. Verdict:\s+`(\w+)`[^`]*?(?:`truncated`\.)?\s+```http\n(.*?)^```$/gms;

/** Line breaks of a block are for reading, `\r` and `\n` are octets. */
const octetsOf = (block: string) =>
  octets(block.replaceAll('\n', '').replace(/\\([rn])/g, (_, letter) => (letter === 'r' ? '\r' : '\n')));

const examples = [...page.matchAll(EXAMPLE)].map(([, size, kind, block]) => ({
  size: Number(size),
  kind: kind!,
  octets: octetsOf(block!),
}));

async function verdictOf(body: Uint8Array<ArrayBuffer>) {
  const decoder = new ChunkedDecoderStream({ createHasher });
  await new Blob([body])
    .stream()
    .pipeThrough(decoder)
    .pipeTo(new WritableStream())
    .catch(() => {});
  return await decoder.verdict;
}

test('x-stream-status 9: there is an example of every ending in chunks', () => {
  expect(examples.map(({ kind }) => kind)).toEqual(['complete', 'failed', 'failed', 'truncated']);
});

test.each(examples)('x-stream-status 9: $size octets are $kind', async ({ size, kind, octets: example }) => {
  expect(example.length).toBe(size);
  expect((await verdictOf(new Uint8Array(example))).kind).toBe(kind);
});

test('x-stream-status 4.3: one octet after the abort line, and there is no reason', async () => {
  const [, , abort] = examples;
  expect((await verdictOf(new Uint8Array([...abort!.octets, 0x78]))).kind).toBe('truncated');
});

const values = [...page.matchAll(/^\| `((?:ok|OK|error)[^`]*)`[^|]*\| (.*?) *\|$/gm)]
  .map(([, value, reading]) => ({ value: value!, reading: reading! }))
  .filter(({ reading }) => /^(?:ok,|error|cannot)/.test(reading));

test.each(values)('x-stream-status 2.1: $value is $reading', ({ value, reading }) => {
  const status = parseStreamStatus(value);
  if (reading.startsWith('cannot be read')) return expect(status).toBeUndefined();
  const [kind, rest = ''] = reading.split(', ');
  const expected: Record<string, unknown> = { kind };
  if (/^\d+$/.test(rest)) expected.bytes = Number(rest);
  const type = /^`(.*)`$/.exec(rest)?.[1];
  if (type !== undefined) expected.type = type;
  return expect(status).toEqual(expected);
});

test('x-stream-status 2.1: the table has values of every reading', () => {
  expect(values.length).toBeGreaterThanOrEqual(11);
});

test('x-stream-status 4.3: the longest abort line has the length that the page gives', () => {
  const status = serializeStreamStatus({
    kind: 'error',
    bytes: 999_999_999_999_999,
    type: 'x'.repeat(64),
    details: '"'.repeat(256),
  });
  const line = `1;x-stream-status="${status.replace(/["\\]/g, '\\$&')}"\r\n`;
  expect(Number(/it has at most (\d+) octets/.exec(page)?.[1])).toBe(line.length);
});

test('x-stream-status Appendix B: the names are forbidden to a sender', () => {
  const appendix = /## Appendix B.*?MAY refuse more: (.*?)\.\n/s.exec(page)![1]!;
  const names = appendix.split(/,\s+/);
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(names.filter((name) => mayTrail(name))).toEqual([]);
});

test('the specification stays short: under 5,000 words before its appendices', () => {
  const words = page.slice(0, page.indexOf('## Appendix A')).split(/\s+/);
  expect(words.filter((word) => /\w/.test(word)).length).toBeLessThan(5000);
});
