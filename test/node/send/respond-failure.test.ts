/**
 * Strategy: the failed ending of every row of spec-notes/x-stream-status.md 3, octet for octet; and that all that was written before
 * the failure arrives before it. Everything happens through `pipeline` alone.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { closed, connection } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';
import {
  ABORT_CHUNK,
  ASKING,
  AWARE,
  answer,
  answerNext,
  failing,
  LAST_CHUNK,
  messageFrom,
  OLD,
  PLAIN,
  TRAILERS,
} from './answering.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const ERROR = new Error('the disk is gone');

describe('HTTP/1.1, TE: trailers and X-Want-Stream-Status: ?1: a clean failure', () => {
  test('RFC 9112 §9.3: the connection is kept and the next request on it is answered', async () => {
    const { wire, server, response, outcome } = await answer(AWARE, failing([HELLO_WORLD], ERROR));
    expect(await outcome).toBe(ERROR);
    await closed(response);
    expect(response.ending).toBe('clean-failure');
    expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(
      `${CHUNK}0\r\nX-Stream-Status: error;bytes=19;type=source_error\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`,
    );
    wire.send(PLAIN);
    const next = await answerNext(server, Readable.from(['again']));
    expect(await next.outcome).toBeUndefined();
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`5\r\nagain\r\n${LAST_CHUNK}`);
  });

  test('RFC 9530: the digest covers what was sent', async () => {
    const { wire, outcome } = await answer(AWARE, failing([HELLO_WORLD.slice(0, 9), HELLO_WORLD.slice(9)]));
    await outcome;
    expect(await wire.until('=:\r\n\r\n')).toContain(`Content-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`);
  });

  test('extra trailers are not asked for', async () => {
    const fields = () => expect.fail('the body has failed');
    const { wire, outcome } = await answer(AWARE, failing(['a'], ERROR), { extraTrailers: { names: ['A'], fields } });
    expect(await outcome).toBe(ERROR);
    expect(await wire.until('=:\r\n\r\n')).toContain('X-Stream-Status: error;bytes=1;type=source_error\r\n');
  });
});

describe('HTTP/1.1 otherwise: FIN before the last-chunk', () => {
  test.each([
    ['TE: trailers alone: nothing more', TRAILERS, '', 'cut'],
    ['neither: nothing more', PLAIN, '', 'cut'],
    ['X-Want-Stream-Status: ?1 alone: the abort line', ASKING, ABORT_CHUNK, 'abort'],
  ])('RFC 9112 §8: %s', async (_, request, line, ending) => {
    const { wire, response, outcome } = await answer(request, failing([HELLO_WORLD], ERROR));
    expect(await outcome).toBe(ERROR);
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets).body).toBe(CHUNK + line);
    expect(end).toBe('FIN');
    expect(response.ending).toBe(ending);
  });

  test('a megabyte before it arrives whole', async () => {
    const pieces = Array.from({ length: 64 }, (__, at) => String.fromCharCode(65 + (at % 26)).repeat(16384));
    const { wire, outcome } = await answer(ASKING, failing(pieces, ERROR));
    expect(await outcome).toBe(ERROR);
    const { octets, end } = await wire.closed();
    const data = messageFrom(octets).body.replaceAll(/[0-9a-f]+\r\n([A-Z]+)\r\n/g, '$1');
    expect(data === pieces.join('') + ABORT_CHUNK).toBe(true);
    expect(end).toBe('FIN');
  });
});

describe('RFC 9112 §6.3 rule 8: HTTP/1.0: RST, which alone a close-delimited body can show', () => {
  test('behind all that was written', async () => {
    const { wire, server, response, outcome } = await answer(OLD, failing([HELLO_WORLD], ERROR), {});
    expect(await outcome).toBe(ERROR);
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets).body).toBe(HELLO_WORLD);
    expect(end).toBe('ECONNRESET');
    expect(response.ending).toBe('reset');
    await closed(server);
  });

  test('also for a client that has said FIN and reads on: never a FIN, which would be the end of a good body', async () => {
    const { client, server } = await connection({ clientAllowsHalfOpen: true });
    const source = new Readable({ read() {} });
    const { wire, outcome } = await answer(OLD, source, {}, { client, server });
    source.push(HELLO_WORLD);
    await wire.until(HELLO_WORLD);
    client.end();
    await outcome;
    expect((await wire.closed()).end).toBe('ECONNRESET');
  });
});

describe('what was written before a failure arrives before it', () => {
  test.each([
    ['RFC 9112 §7.1: abort', ASKING, ABORT_CHUNK],
    ['RFC 9112 §7.1.2: clean failure', AWARE, '0\r\nX-Stream-Status: error;bytes=4000;type=source_error\r\n'],
  ])('%s: a thousand writes that wait', async (_, request, ending) => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send(request);
    const response = respond(server, { request: await readRequest(server) });
    response.on('error', () => {});
    const words = Array.from({ length: 1000 }, (__, at) => String(1000 + at));
    for (const word of words) response.write(word);
    response.destroy(ERROR);
    await closed(response);
    server.end();
    const { body } = messageFrom((await wire.closed()).octets);
    expect(body.replaceAll(/[0-9a-f]+\r\n(\d+)\r\n/g, '$1').startsWith(words.join('') + ending)).toBe(true);
  });

  test('RFC 9112 §6.3 rule 8: reset: a thousand writes that wait', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send(OLD);
    const response = respond(server, { request: await readRequest(server) });
    response.on('error', () => {});
    for (let at = 0; at < 1000; at++) response.write(String(1000 + at));
    response.destroy(ERROR);
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets).body).toBe(Array.from({ length: 1000 }, (__, at) => String(1000 + at)).join(''));
    expect(end).toBe('ECONNRESET');
  });

  test('corked writes too', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send(ASKING);
    const response = respond(server, { request: await readRequest(server) });
    response.on('error', () => {});
    response.write('a');
    response.cork();
    response.write('b');
    response.write('c');
    response.destroy(ERROR);
    const { body } = messageFrom((await wire.closed()).octets);
    expect(body.replaceAll(/[123]\r\n([abc]+)\r\n/g, '$1')).toBe(`abc${ABORT_CHUNK}`);
  });
});

test('RFC 9110 §6.6.2: an extra trailer that was not announced makes the body a failed one', async () => {
  const extraTrailers = { names: ['A'], fields: () => [['B', 'c']] as [string, string][] };
  const { wire, response, outcome } = await answer(TRAILERS, Readable.from([HELLO_WORLD]), { extraTrailers });
  expect(await outcome).toBeInstanceOf(TypeError);
  const { octets } = await wire.closed();
  expect(messageFrom(octets).body).toBe(CHUNK);
  expect(response.ending).toBe('cut');
});

test('an extra trailer whose value cannot be sent makes it one, too', async () => {
  const extraTrailers = { names: ['A'], fields: () => [['A', 'b\r\nc: d']] as [string, string][] };
  const { wire, outcome } = await answer(AWARE, Readable.from(['a']), { extraTrailers });
  expect(await outcome).toBeInstanceOf(TypeError);
  expect(await wire.until('=:\r\n\r\n')).toContain('0\r\nX-Stream-Status: error;bytes=1;type=source_error\r\n');
});
