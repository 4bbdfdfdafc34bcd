/**
 * Strategy: the table of x-stream-status 3, a row at a time, on a raw socket and on `node:http` side by side. A client that
 * knows no HTTP reads the octets behind the head and how the connection ended; all that the servers do is
 * `pipeline(source, respond(...))`.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { AWARE, dial, HEAD, LAST_CHUNK, messageFrom, OLD, PLAIN, TRAILERS } from '../support/dial.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { failing, KINDS } from '../support/servers.ts';
import { TABLE } from './endings-table.ts';

const whole = () => Readable.from([HELLO_WORLD]);
const AGAIN = `5\r\nagain\r\n${LAST_CHUNK}`;

describe.each(KINDS)('on %s', (_kind, answering) => {
  describe.each(TABLE)('%s', (_title, { request, trailer, good, failed }) => {
    test('a good body', async () => {
      const server = await answering({ source: whole() }, { source: Readable.from(['again']) });
      const wire = dial(server.port, request);
      const isOld = request.includes('HTTP/1.0');
      const { octets, end } = isOld
        ? await wire.closed()
        : { octets: await wire.until(good.body.slice(-8)), end: 'kept' };
      const { statusLine, fields, body } = messageFrom(octets);
      expect(statusLine).toBe('HTTP/1.1 200 OK');
      expect(body).toBe(good.body);
      expect(fields).not.toHaveProperty('content-length');
      expect(fields['transfer-encoding']).toEqual(isOld ? undefined : ['chunked']);
      expect(fields.trailer).toEqual(trailer);
      expect(end).toBe(isOld ? 'FIN' : 'kept');
      const { response, outcome } = await server.answered(0);
      expect(await outcome).toBeUndefined();
      expect(response.ending).toBe(good.ending);
      if (isOld) return;
      wire.send(PLAIN); // RFC 9112 §9.3: the next request comes on the same connection
      expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(AGAIN);
    });

    test('a failed body', async () => {
      const error = new Error('the disk is gone');
      const source = failing([HELLO_WORLD], error);
      const server = await answering({ source }, { source: Readable.from(['again']) });
      const wire = dial(server.port, request);
      const { octets, end } =
        failed.end === 'kept' ? { octets: await wire.until('=:\r\n\r\n'), end: 'kept' } : await wire.closed();
      const { statusLine, fields, body } = messageFrom(octets);
      expect(statusLine).toBe('HTTP/1.1 200 OK');
      expect(body).toBe(failed.body);
      expect(fields.trailer).toEqual(trailer);
      expect(fields.connection).not.toEqual(['close']);
      expect(end).toBe(failed.end);
      const { response, outcome } = await server.answered(0);
      expect(await outcome).toBe(error);
      expect(response.ending).toBe(failed.ending);
      if (end !== 'kept') return;
      wire.send(PLAIN);
      expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(AGAIN);
    });
  });

  test.each([
    ['HEAD', HEAD, 200],
    ['HEAD that asks for everything', AWARE.replace('GET', 'HEAD'), 200],
    ['204', AWARE, 204],
    ['205', AWARE, 205],
    ['304', AWARE, 304],
  ])('%s: no body, no trailers, no Trailer; the connection is kept', async (_title, request, status) => {
    const server = await answering({ source: whole(), options: { status } }, { source: Readable.from(['again']) });
    const wire = dial(server.port, request);
    const { statusLine, fields } = messageFrom(await wire.until('\r\n\r\n'));
    expect(statusLine).toMatch(`HTTP/1.1 ${status} `);
    expect(fields).not.toHaveProperty('trailer');
    expect(fields).not.toHaveProperty('transfer-encoding');
    expect(fields['content-length']).toEqual(status === 205 ? ['0'] : undefined);
    expect((await server.answered(0)).response.ending).toBe('none');
    wire.send(PLAIN);
    const next = messageFrom(await wire.until(LAST_CHUNK)); // no octet lies between the two
    expect(next.statusLine).toBe('HTTP/1.1 200 OK');
    expect(next.body).toBe(AGAIN);
  });

  const PROBLEM = '{"type":"about:blank","title":"Internal Server Error","status":500}\n';

  test.each([
    ['asks for everything', AWARE],
    ['asks for trailers', TRAILERS],
    ['asks for nothing', PLAIN],
  ])('nothing sent yet, a client that %s: 500 with problem+json, and the connection is kept', async (_, request) => {
    const error = new Error('no such row');
    const headers = { 'Content-Type': 'text/csv' };
    const server = await answering(
      { source: failing([], error), options: { headers } },
      { source: Readable.from(['again']) },
    );
    const wire = dial(server.port, request);
    const { statusLine, fields, body } = messageFrom(await wire.until('}\n'));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields['content-type']).toEqual(['application/problem+json']);
    expect(fields['content-length']).toEqual(['68']);
    expect(fields).not.toHaveProperty('trailer');
    expect(fields).not.toHaveProperty('transfer-encoding');
    expect(body).toBe(PROBLEM);
    const { response, outcome } = await server.answered(0);
    expect(await outcome).toBe(error);
    expect(response.ending).toBe('error-response');
    wire.send(PLAIN);
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(AGAIN);
  });

  test('nothing sent yet, HTTP/1.0: the same 500, then FIN', async () => {
    const server = await answering({ source: failing([]) });
    const { octets, end } = await dial(server.port, OLD).closed();
    expect(messageFrom(octets).body).toBe(PROBLEM);
    expect(end).toBe('FIN');
  });

  test('nothing sent yet, HEAD: the head of the 500 alone, and the connection is kept', async () => {
    const server = await answering({ source: failing([]) }, { source: Readable.from(['again']) });
    const wire = dial(server.port, HEAD);
    expect(messageFrom(await wire.until('\r\n\r\n')).statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect((await server.answered(0)).response.ending).toBe('error-response');
    wire.send(PLAIN);
    expect(messageFrom(await wire.until(LAST_CHUNK)).statusLine).toBe('HTTP/1.1 200 OK');
  });
});
