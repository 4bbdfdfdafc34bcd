/** spec-notes/in-content.md §9: its octets are read back, with the count and the verdict that the page gives. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { parseInContentType } from '../../src/web/in-content.ts';
import { createHasher } from '../support/hashing.ts';
import { octets } from '../support/octets.ts';

const page = await readFile(new URL('../../spec-notes/in-content.md', import.meta.url), 'utf8');

/** The octets of a block: line breaks are for reading, `\r` and `\n` are octets. */
const octetsOf = (block: string) =>
  octets(block.replaceAll('\n', '').replace(/\\([rn])/g, (_, letter) => (letter === 'r' ? '\r' : '\n')));

const examples = [...page.matchAll(/^\*\*[^`]*?(\d+) octets[^`]*?Verdict:\s+`(\w+)`[^`]*?```http\n(.*?)^```$/gms)].map(
  ([, size, kind, block]) => ({ size: Number(size), kind: kind!, octets: octetsOf(block!) }),
);

test('there are examples of three verdicts', () => {
  expect(examples.map(({ kind }) => kind)).toEqual(['complete', 'failed', 'truncated']);
});

test.each(examples)('in-content §9: $kind', async ({ size, kind, octets: example }) => {
  expect(example.length).toBe(size);
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  await new Blob([example])
    .stream()
    .pipeThrough(decoder)
    .pipeTo(new WritableStream())
    .catch(() => {});
  const verdict = await decoder.verdict;
  expect(verdict.kind).toBe(kind);
  if (kind !== 'truncated') expect(verdict.digest).toBe('match');
});

test('in-content §2: the types of the page are read', () => {
  const values = [...page.matchAll(/^Content-Type: (.*)\\r\\n$/gm)].map(([, value]) => parseInContentType(value));
  expect(values).toEqual(['text/csv; charset="utf-8"', 'text/csv']);
});

test('the snippet for a page runs as it stands', async () => {
  const snippet = /```js\n(.*?)```/s.exec(page)![1]!;
  const run = (body: Uint8Array<ArrayBuffer>) => {
    const fetching = async (_url: string, { headers }: { headers: Record<string, string> }) => {
      expect(parseInContentType(headers.Accept)).toBe('');
      return new Response(body);
    };
    const call = new Function('fetch', 'ChunkedDecoderStream', `return (async () => { ${snippet}\nreturn rows; })();`);
    return call(fetching, ChunkedDecoderStream) as Promise<string>;
  };
  const [good, failed] = examples.map((example) => new Uint8Array(example.octets));
  expect(await run(good!)).toBe('id,total\n1,20\n2,35\n3,50\n');
  await expect(run(failed!)).rejects.toMatchObject({ code: 'ERR_BODY_FAILED' });
});
