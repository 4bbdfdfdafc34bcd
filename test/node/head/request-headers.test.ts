/** Strategy: the fields that an aware client sends (x-stream-status.md), and that they earn what they ask for. */
import { expect, test } from 'vitest';
import { requestHeaders } from '../../../src/node/head/request-headers.ts';
import { negotiate } from '../../../src/node/send/negotiation.ts';

test('the fields of a client that checks the end of the response', () => {
  expect(requestHeaders()).toEqual({
    TE: 'trailers',
    Connection: 'TE',
    'X-Want-Stream-Status': '?1',
    'Want-Content-Digest': 'sha-256=10',
  });
});

test('RFC 9530 §4: another digest, or none', () => {
  expect(requestHeaders({ digest: 'sha-512' })).toHaveProperty('Want-Content-Digest', 'sha-512=10');
  expect(requestHeaders({ digest: false })).not.toHaveProperty('Want-Content-Digest');
});

test('RFC 9110 §10.1.4: TE stands without Connection for a stack that refuses that field', () => {
  const headers = requestHeaders({ connection: false });
  expect(headers).not.toHaveProperty('Connection');
  expect(headers).toHaveProperty('TE', 'trailers');
});

test('they earn trailers and a clean failure', () => {
  const headers = Object.fromEntries(
    Object.entries(requestHeaders()).map(([name, value]) => [name.toLowerCase(), value]),
  );
  expect(negotiate({ method: 'GET', httpVersion: '1.1', headers }, 200)).toEqual({
    framing: 'chunked',
    hasTrailers: true,
    failureEnding: 'clean-failure',
    isPersistent: true,
    preferredDigest: 'sha-256',
  });
});
