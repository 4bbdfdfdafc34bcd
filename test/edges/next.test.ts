/** A route handler of Next that gives a sealed Response: what a page reads, and what a client that does not accept it gets. */
import { afterAll, expect, test } from 'vitest';
import { IN_CONTENT_TYPE, verifyResponse } from '../../src/web/index.ts';
import { createHasher } from '../support/hashing.ts';
import { FIRST, SECOND } from './content.js';
import { Running } from './running.ts';

const running = new Running('next 15, sealedResponse');
afterAll(() => running.stop());

let requests = 0;

/** What the client reads, and how that ends. */
async function read(scenario: string, headers: Record<string, string>): Promise<{ text: string; end: string }> {
  const id = `${scenario} ${++requests}`;
  const url = `http://127.0.0.1:${await running.port()}/?${new URLSearchParams({ scenario, id })}`;
  const isAware = headers.Accept === IN_CONTENT_TYPE;
  const plain = await fetch(url, { headers });
  const response = isAware ? verifyResponse(plain, { require: 'always', createHasher }) : plain;
  let text = '';
  try {
    for await (const data of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(data).toString('latin1');
      running.release(id);
    }
    return { text, end: `${response.status}, ends` };
  } catch (error) {
    return { text, end: (error as { code?: string }).code ?? 'cut' };
  }
}

test('a page that accepts it knows how the body ended', async () => {
  const headers = { Accept: IN_CONTENT_TYPE };
  expect(await read('whole', headers)).toEqual({ text: FIRST + SECOND, end: '200, ends' });
  expect(await read('middle', headers)).toEqual({ text: FIRST, end: 'ERR_BODY_FAILED' });
});

test('any other client gets the stream, and a cut where it fails', async () => {
  expect(await read('whole', {})).toEqual({ text: FIRST + SECOND, end: '200, ends' });
  expect(await read('middle', {})).toEqual({ text: FIRST, end: 'cut' });
});
