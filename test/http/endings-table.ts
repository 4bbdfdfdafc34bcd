/** The table of x-stream-status 3, a row at a time: what a client reads after the head, and how the connection ends. */
import type { Ending } from '../../src/node/send/respond.ts';
import { ABORT_CHUNK, ASKING, AWARE, LAST_CHUNK, OLD, PLAIN, TRAILERS } from '../support/dial.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';

export const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
export const DIGEST = `Content-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;
export const SEAL = `0\r\nX-Stream-Status: ok;bytes=19\r\n${DIGEST}`;
export const FAILED_SEAL = `0\r\nX-Stream-Status: error;bytes=19;type=source_error\r\n${DIGEST}`;
export const ANNOUNCED = ['X-Stream-Status, Content-Digest'];

export interface Row {
  request: string;
  trailer: string[] | undefined;
  good: { body: string; ending: Ending };
  failed: { body: string; ending: Ending; end: 'kept' | 'FIN' | 'ECONNRESET' };
}

export const TABLE: [title: string, row: Row][] = [
  [
    'HTTP/1.1, TE: trailers and X-Want-Stream-Status: ?1',
    {
      request: AWARE,
      trailer: ANNOUNCED,
      good: { body: CHUNK + SEAL, ending: 'trailers' },
      failed: { body: CHUNK + FAILED_SEAL, ending: 'clean-failure', end: 'kept' },
    },
  ],
  [
    'HTTP/1.1, TE: trailers alone',
    {
      request: TRAILERS,
      trailer: ANNOUNCED,
      good: { body: CHUNK + SEAL, ending: 'trailers' },
      failed: { body: CHUNK, ending: 'cut', end: 'FIN' },
    },
  ],
  [
    'HTTP/1.1, TE: trailers that Connection does not list',
    {
      request: PLAIN.replace('\r\n\r\n', '\r\nTE: trailers\r\n\r\n'),
      trailer: ANNOUNCED,
      good: { body: CHUNK + SEAL, ending: 'trailers' },
      failed: { body: CHUNK, ending: 'cut', end: 'FIN' },
    },
  ],
  [
    'HTTP/1.1, neither',
    {
      request: PLAIN,
      trailer: undefined,
      good: { body: CHUNK + LAST_CHUNK, ending: 'plain' },
      failed: { body: CHUNK, ending: 'cut', end: 'FIN' },
    },
  ],
  [
    'HTTP/1.1, X-Want-Stream-Status: ?1 alone',
    {
      request: ASKING,
      trailer: undefined,
      good: { body: CHUNK + LAST_CHUNK, ending: 'plain' },
      failed: { body: CHUNK + ABORT_CHUNK, ending: 'abort', end: 'FIN' },
    },
  ],
  [
    'HTTP/1.0',
    {
      request: OLD,
      trailer: undefined,
      good: { body: HELLO_WORLD, ending: 'plain' },
      failed: { body: HELLO_WORLD, ending: 'reset', end: 'ECONNRESET' },
    },
  ],
  [
    'HTTP/1.0 that asks for everything',
    {
      request: AWARE.replace('HTTP/1.1', 'HTTP/1.0'),
      trailer: undefined,
      good: { body: HELLO_WORLD, ending: 'plain' },
      failed: { body: HELLO_WORLD, ending: 'reset', end: 'ECONNRESET' },
    },
  ],
];
