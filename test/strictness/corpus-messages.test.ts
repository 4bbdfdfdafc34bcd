/**
 * Strategy: the whole messages among the vectors of 24 HTTP implementations (vectors.ts), on
 * real sockets: responses through `receive`, whole, octet by octet, and cut into two everywhere; requests through
 * `readRequest` and `respond`. A request's content is not ours to read, so what decides there is that nothing behind the
 * head is ever taken for another request. The chunked bodies in all of them: test/core/corpus.test.ts.
 */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { FramingError } from '../../src/core/errors.ts';
import { type FieldPairs, withoutForbiddenTrailers } from '../../src/core/fields.ts';
import type { RequestHead } from '../../src/node/head/message-head.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { respond } from '../../src/node/send/respond.ts';
import { consume } from '../node/receive/receiving.ts';
import { byteByByte, everySplit, latin1 } from '../support/octets.ts';
import { closed, connection, until } from '../support/sockets.ts';
import { fromBase64, missingVectors, type Outcome, octetsOf, readVectors, skip, type Vector } from './vectors.ts';

/** Longer records are cut here and there only. */
const LONG_BYTES = 300;
const SAMPLE_STEP = 97;

const vectors = readVectors();
const responses = vectors.filter(({ kind }) => kind === 'response');
const requests = vectors.filter(({ kind }) => kind === 'request');
const agreeing = { responses: 0, requests: 0 };

/** Writes each piece when the one before has been read. */
async function feed(from: Socket, to: Socket, pieces: Iterable<Uint8Array>): Promise<void> {
  let bytes = 0;
  for (const piece of pieces) {
    if (piece.length === 0 || from.destroyed || to.destroyed) continue;
    from.write(piece);
    bytes += piece.length;
    await until(() => to.bytesRead >= bytes || to.destroyed || to.isPaused()); // paused: it has read enough
  }
  from.end();
}

interface Reading {
  outcome: Outcome;
  code: string | undefined;
  data: string;
  trailers: FieldPairs;
  /** What is left in the socket. */
  rest: string;
}

async function readResponse(pieces: Iterable<Uint8Array>): Promise<Reading> {
  const { client, server } = await connection({ clientAllowsHalfOpen: true });
  server.on('error', () => {});
  const fed = feed(server, client, pieces);
  const refusedAs = (code: string): Reading => {
    const isCut = code === 'ERR_BODY_TRUNCATED' || code === 'ERR_NO_RESPONSE';
    return { outcome: isCut ? 'incomplete' : 'reject', code, data: '', trailers: [], rest: '' };
  };
  let reading: Reading;
  try {
    const { body } = await receive(client, { require: 'never' });
    const { data, error } = await consume(body);
    const { trailers } = await body.verdict;
    if (error !== undefined) reading = { ...refusedAs(error.code), data };
    else reading = { outcome: 'accept', code: undefined, data, trailers, rest: '' };
  } catch (error) {
    reading = refusedAs((error as FramingError).code);
  }
  await fed;
  if (!client.destroyed) {
    client.on('data', (piece) => {
      reading.rest += latin1(piece);
    });
    client.resume();
    await until(() => client.readableEnded || client.destroyed);
  }
  client.destroy();
  server.destroy();
  return reading;
}

function* somePieces(octets: Uint8Array): Generator<[string, Uint8Array[]]> {
  if (octets.length <= LONG_BYTES) yield ['octet by octet', byteByByte(octets)];
  const isLong = octets.length > LONG_BYTES;
  for (const [head, tail] of everySplit(octets)) {
    if (!isLong || (head.length % SAMPLE_STEP === 0 && head.length < 20 * SAMPLE_STEP)) {
      yield [`cut at ${head.length}`, [head, tail]];
    }
  }
}

describe('RFC 9112 §6.3: responses, through receive', () => {
  if (missingVectors !== undefined) {
    const reason = missingVectors;
    test('the corpus', (context) => skip(context, reason));
    return;
  }
  afterAll(() => console.log(`corpus: ${agreeing.responses} of ${responses.length} responses agree`));

  test.each(responses)('$id: $why', { timeout: 60_000 }, async (vector) => {
    const octets = octetsOf(vector);
    const reading = await readResponse([octets]);
    expect(vector.acceptable).toContain(reading.outcome);
    if (reading.outcome === 'accept') {
      expect(reading.data).toBe(latin1(fromBase64(vector.body_b64!)));
      expect(reading.trailers).toEqual(withoutForbiddenTrailers(vector.trailers ?? []));
      expect(reading.rest).toBe(latin1(octets.subarray(vector.consumed)));
    } else if (vector.body_before_error_b64 !== undefined && reading.code?.startsWith('ERR_BODY_')) {
      if (reading.code !== 'ERR_BODY_LIMIT') {
        expect(reading.data).toBe(latin1(fromBase64(vector.body_before_error_b64)));
      }
    }
    for (const [how, pieces] of somePieces(octets)) {
      const again = await readResponse(pieces);
      if (reading.code === 'ERR_HEAD_MALFORMED') expect({ how, code: again.code }).toEqual({ how, code: reading.code });
      else expect({ how, ...again }).toEqual({ how, ...reading });
    }
    agreeing.responses++;
  });
});

interface Served {
  heads: RequestHead[];
  /** What readRequest said in the end. */
  code: string;
  /** All that the client got. */
  answer: string;
}

/** A server as docs/send.md has it, and a client that sends the octets and reads. */
async function serve(pieces: Iterable<Uint8Array>): Promise<Served> {
  const { client, server } = await connection({ clientAllowsHalfOpen: true, serverAllowsHalfOpen: true });
  onTestFinished(() => {
    client.destroy();
    server.destroy();
  });
  const served: Served = { heads: [], code: '', answer: '' };
  client
    .on('error', () => {})
    .on('data', (piece) => {
      served.answer += latin1(piece);
    });
  const fed = feed(client, server, pieces);
  try {
    for (;;) {
      const request = await readRequest(server);
      served.heads.push(request);
      await pipeline(Readable.from(['hello']), respond(server, { request }));
    }
  } catch (error) {
    served.code = (error as FramingError).code;
    server.end();
  }
  await fed;
  await until(() => client.readableEnded || client.destroyed);
  client.destroy();
  server.destroy();
  await closed(server);
  return served;
}

/** The head as RFC 9112 §2.1 draws it, with string operations only; undefined where it has a bare LF. */
function headOf(octets: Uint8Array): { method: string; target: string; fields: FieldPairs } | undefined {
  const text = latin1(octets);
  const [startLine, ...lines] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  if (startLine!.includes('\n')) return undefined;
  const [method, target] = startLine!.split(' ') as [string, string];
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
  return { method, target, fields };
}

describe('RFC 9112 §11.2: requests, through readRequest and respond', () => {
  if (missingVectors !== undefined) {
    const reason = missingVectors;
    test('the corpus', (context) => skip(context, reason));
    return;
  }
  afterAll(() => console.log(`corpus: ${agreeing.requests} of ${requests.length} requests agree`));

  const expectServed = (vector: Vector, { heads, code, answer }: Served) => {
    const head = headOf(octetsOf(vector));
    if (head === undefined) {
      expect(vector.acceptable).toContain('reject');
      expect({ heads, code, answer }).toEqual({ heads: [], code: 'ERR_HEAD_MALFORMED', answer: '' });
      return;
    }
    // One head and one answer: its content, however it is framed, is passed over by closing the connection.
    expect(heads.map(({ method, target, rawHeaders }) => ({ method, target, fields: rawHeaders }))).toEqual([head]);
    expect(code).toBe('ERR_NO_REQUEST');
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  };

  test.each(requests)('$id: $why', { timeout: 60_000 }, async (vector) => {
    const octets = octetsOf(vector);
    expectServed(vector, await serve([octets]));
    if (octets.length <= LONG_BYTES) expectServed(vector, await serve(byteByByte(octets)));
    agreeing.requests++;
  });
});
