/** sealedResponse behind a server, and verifyResponse of what fetch has got; both alone are in portable.js. */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { expect, test } from 'vitest';
import { IN_CONTENT_TYPE } from '../../src/core/in-content.ts';
import { sealedResponse } from '../../src/web/sealed-response.ts';
import { verifyResponse } from '../../src/web/verify-response.ts';
import { createHasher, HELLO_WORLD } from '../support/hashing.ts';
import { failing, listen } from '../support/servers.ts';

/** Serves Responses, as an adapter does. */
async function serving(source: () => AsyncIterable<string>): Promise<string> {
  const server = createServer(async (req, res) => {
    const request = new Request(`http://a${req.url}`, { headers: req.headers as Record<string, string> });
    const stream = Readable.toWeb(Readable.from(source(), { objectMode: false }));
    const response = sealedResponse(request, stream as ReadableStream<Uint8Array>, {
      headers: { 'Content-Type': 'text/csv' },
      createHasher,
    });
    res.writeHead(response.status, Object.fromEntries(response.headers));
    try {
      for await (const data of Readable.fromWeb(response.body as WebStream)) res.write(data);
      res.end();
    } catch {
      res.destroy();
    }
  });
  return `http://127.0.0.1:${await listen(server)}/`;
}

const ACCEPT = { headers: { Accept: IN_CONTENT_TYPE } };

test('a whole body is complete, with its type and its digest', async () => {
  const url = await serving(() => Readable.from([HELLO_WORLD]));
  const response = verifyResponse(await fetch(url, ACCEPT), { require: 'always', createHasher });
  expect(response.headers.get('Content-Type')).toBe('text/csv');
  expect(await response.text()).toBe(HELLO_WORLD);
  expect(await response.verdict).toMatchObject({ kind: 'complete', digest: 'match' });
});

test('a failed body rejects, and says why', async () => {
  const url = await serving(() => failing([HELLO_WORLD]));
  const response = verifyResponse(await fetch(url, ACCEPT), { createHasher });
  await expect(response.text()).rejects.toMatchObject({ code: 'ERR_BODY_FAILED' });
  expect(await response.verdict).toMatchObject({ kind: 'failed', status: { type: 'source_error' } });
});

test('who did not ask gets the stream, and a cut if it fails', async () => {
  const whole = await serving(() => Readable.from([HELLO_WORLD]));
  expect(await (await fetch(whole)).text()).toBe(HELLO_WORLD);
  const source = new Readable({ read() {} });
  source.push(HELLO_WORLD);
  const failed = await serving(() => source);
  const response = verifyResponse(await fetch(failed));
  source.destroy(new Error('the disk is gone')); // not before: fetch may fail instead of its body
  await expect(response.text()).rejects.toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
});

test.each(['Content-Encoding', 'Content-Digest', 'Repr-Digest'])(
  'in-content §6: %s would be about the chunked body: TypeError where it is sealed',
  (name) => {
    const init = { headers: { [name]: 'x' }, createHasher };
    const stream = () => new Blob([HELLO_WORLD]).stream();
    expect(() => sealedResponse(new Request('http://a/', ACCEPT), stream(), init)).toThrow(TypeError);
    expect(sealedResponse(new Request('http://a/'), stream(), init).headers.get(name)).toBe('x');
  },
);
