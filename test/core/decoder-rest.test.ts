/** What comes after a message is kept, up to a bound: a peer decides how much comes. */
import { expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { octets } from '../support/octets.ts';

const PIECE = new Uint8Array(65_536).fill(120);

test.each([
  ['after the message', octets('1\r\na\r\n0\r\n\r\n')],
  ['in the piece that ends it', octets(`1\r\na\r\n0\r\n\r\n${'x'.repeat(100)}`)],
])('64 MiB %s: no more than 64 KiB beyond it are kept, and none of it is content', (_, message) => {
  let content = 0;
  const decoder = new Decoder({
    onData: (data) => {
      content += data.length;
    },
  });
  decoder.write(message);
  const kept = decoder.rest.length;
  for (let at = 0; at < 1024; at++) decoder.write(PIECE);
  expect({ content, done: decoder.done }).toEqual({ content: 1, done: true });
  expect(decoder.rest.length).toBeLessThanOrEqual(kept + 65_536);
});
