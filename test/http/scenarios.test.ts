/**
 * Strategy: the scenarios of issue 3, each with nothing but `pipeline(source, respond(res))`: failing before the head and
 * after it, and the client leaving. (Time and AbortSignal: timing.test.ts. An upstream that fails: relay-failures.test.ts.)
 * Whatever a stray 'error' would do to the process fails the run.
 */
import { once } from 'node:events';
import { closeSync, createReadStream, openSync } from 'node:fs';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { ABORT_CHUNK, ASKING, AWARE, dial, messageFrom, OLD, PLAIN, TRAILERS, unchunk } from '../support/dial.ts';
import {
  begin,
  closed,
  connectionsOf,
  endless,
  failing,
  listenerCounts,
  serve,
  stuck,
  until,
} from '../support/servers.ts';

const NOWHERE = fileURLToPath(new URL('./no-such-file', import.meta.url));

describe('failing', () => {
  test('before the head: an ordinary error response, and nothing of the stream', async () => {
    const { port } = await serve((_, res) => {
      res.setHeader('Content-Type', 'text/csv');
      begin(createReadStream(NOWHERE), respond(res));
    });
    const wire = dial(port, AWARE);
    const { statusLine, fields, body } = messageFrom(await wire.until('}\n'));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields['content-type']).toEqual(['application/problem+json']);
    expect(body).toBe('{"type":"about:blank","title":"Internal Server Error","status":500}\n');
    wire.send(PLAIN);
    expect(messageFrom(await wire.until('}\n')).statusLine).toBe('HTTP/1.1 500 Internal Server Error');
  });

  test('before the head, with an errorResponse of the application', async () => {
    const errorResponse = (error: unknown) => ({
      status: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 404 : 500,
      headers: { 'Content-Type': 'text/plain' },
      body: 'There is no such export.\n',
    });
    const { port } = await serve((_, res) => begin(createReadStream(NOWHERE), respond(res, { errorResponse })));
    const { statusLine, fields, body } = messageFrom(await dial(port, PLAIN).until('.\n'));
    expect(statusLine).toBe('HTTP/1.1 404 Not Found');
    expect(fields['content-length']).toEqual(['25']);
    expect(body).toBe('There is no such export.\n');
  });

  test.each([
    ['abort', ASKING],
    ['reset', OLD],
  ])('after the head: what came before it, then the %s', async (ending, request) => {
    const { port } = await serve((_, res) => begin(failing(['one', 'two']), respond(res)));
    const { octets, end } = await dial(port, request).closed();
    const { body } = messageFrom(octets);
    if (ending === 'abort') expect(unchunk(body)).toEqual({ data: 'onetwo', rest: ABORT_CHUNK });
    else expect(body).toBe('onetwo');
    expect(end).toBe(ending === 'abort' ? 'FIN' : 'ECONNRESET');
  });
});

describe('the client leaves', () => {
  test.each([
    ['while the source has nothing to give', stuck, PLAIN],
    ['while data flows', endless, PLAIN],
    ['a client that reads the status', endless, AWARE],
    ['an HTTP/1.0 client', endless, OLD],
  ])('%s: the source is destroyed at once and nothing is left', async (_, makeSource, request) => {
    const source = makeSource();
    const { server, port } = await serve((__, res) => begin(source, respond(res)));
    const wire = dial(port, request);
    await once(wire.socket, 'data');
    expect(await connectionsOf(server)).toBe(1);
    wire.socket.resetAndDestroy();
    await closed(source);
    expect(source.errored).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await until(async () => (await connectionsOf(server)) === 0);
  });

  test('before the first octet: the source is destroyed and nothing is sent', async () => {
    const source = new Readable({ read() {} });
    const { server, port } = await serve((_, res) => begin(source, respond(res)));
    const wire = dial(port, PLAIN);
    await once(server, 'request');
    wire.socket.destroy();
    await closed(source);
    expect((await wire.closed()).octets).toBe('');
    await until(async () => (await connectionsOf(server)) === 0);
  });

  test('with FIN: Node closes, and the source is destroyed', async () => {
    const source = stuck();
    const { server, port } = await serve((_, res) => begin(source, respond(res)));
    const wire = dial(port, PLAIN);
    await wire.until('data');
    wire.socket.end();
    await closed(source);
    await until(async () => (await connectionsOf(server)) === 0);
  });

  test('in the middle of a failure that is being sent: its callback comes', async () => {
    const error = new Error('the disk is gone');
    const source = new PassThrough({ highWaterMark: 64 * 1024 * 1024 });
    source.write(Buffer.alloc(32 * 1024 * 1024));
    let outcome: Promise<Error | undefined> | undefined;
    const { server, port } = await serve((_, res) => {
      const answer = begin(source, respond(res));
      outcome = answer.outcome;
    });
    const wire = dial(port, PLAIN);
    await once(wire.socket, 'data');
    wire.socket.pause();
    source.destroy(error);
    wire.socket.resetAndDestroy();
    expect(await outcome).toBe(error);
    await until(async () => (await connectionsOf(server)) === 0);
  });

  test('a response that is begun after the client has left destroys its source', async () => {
    const source = stuck();
    const { server, port } = await serve((_, res) => {
      res.once('close', () => begin(source, respond(res)));
    });
    const wire = dial(port, PLAIN);
    await once(server, 'request');
    wire.socket.destroy();
    await closed(source);
  });

  test('file descriptors of sources are closed', async () => {
    const file = fileURLToPath(import.meta.url);
    const { server, port } = await serve((_, res) => {
      pipeline(createReadStream(file, { highWaterMark: 1 }), respond(res), () => {});
    });
    const first = openSync(file, 'r');
    closeSync(first);
    for (let i = 0; i < 20; i++) {
      const wire = dial(port, TRAILERS);
      await once(wire.socket, 'data');
      wire.socket.resetAndDestroy();
    }
    await until(async () => (await connectionsOf(server)) === 0);
    await until(() => {
      const now = openSync(file, 'r'); // the lowest number that is free
      closeSync(now);
      return now <= first;
    });
  });
});

test('after many responses: no listener is left on the socket, and one on a ServerResponse, for late errors', async () => {
  const counts: Record<string, number>[] = [];
  const left: string[][] = [];
  const { port } = await serve((_, res) => {
    counts.push(listenerCounts(res.socket!));
    const fresh = listenerCounts(res);
    const source = counts.length % 2 === 0 ? Readable.from(['ok']) : failing(['ok']);
    begin(source, respond(res)).response.once('close', () => {
      const now = listenerCounts(res);
      left.push(Object.keys(now).filter((name) => now[name]! > (fresh[name] ?? 0)));
    });
  });
  const wire = dial(port);
  for (let i = 0; i < 50; i++) {
    wire.send(AWARE);
    await wire.until('=:\r\n\r\n');
  }
  expect(counts).toHaveLength(50);
  expect(counts.at(-1)).toEqual(counts[0]);
  await until(() => left.length === 50);
  expect(left).toEqual(Array.from({ length: 50 }, () => ['error']));
});
