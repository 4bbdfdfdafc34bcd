/**
 * Strategy: a server with one connection in each state is drained: every client that asked is told why, and the promise
 * settles within its bound. At the end the same with SIGTERM, in processes of their own: one, and a cluster of two.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { drain } from '../../src/node/drain.ts';
import { respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { ASKING, AWARE, abortChunk, dial, get, LAST_CHUNK, messageFrom, OLD, PLAIN } from '../support/dial.ts';
import { begin, KINDS, serve, stuck, until } from '../support/servers.ts';

const SHUTDOWN = 'server_shutdown';

test('a response that was ended, and whose bytes are still leaving, is no idle connection', async () => {
  const content = Buffer.alloc(16 << 20, 1);
  const { server, port } = await serve((_req, res) => res.end(content));
  const socket = connect(port, '127.0.0.1');
  socket.write(PLAIN);
  await once(socket, 'readable');
  const drained = drain(server);
  let bytes = 0;
  for await (const data of socket) bytes += data.length;
  expect(bytes).toBeGreaterThan(content.length);
  await drained;
});

test('a failure that ends cleanly has time to leave', async () => {
  const content = Buffer.alloc(16 << 20, 1);
  const source = new Readable({ read() {} });
  let response: StreamResponse | undefined;
  const { server, port } = await serve((_req, res) => {
    response = source.pipe(respond(res));
  });
  source.push(content);
  const socket = connect(port, '127.0.0.1');
  socket.write(AWARE);
  await once(socket, 'readable');
  const drained = drain(server, { timeout: 1 });
  await until(() => response!.ending !== undefined);
  const again = drain(server); // looks for idle connections at once
  let end = '';
  for await (const data of socket) end = (end + data.toString('latin1')).slice(-300);
  expect(end).toContain(`X-Stream-Status: error;bytes=${content.length};type=${SHUTDOWN}\r\n`);
  await Promise.all([drained, again]);
});

describe.each(KINDS)('on %s', (_kind, answering) => {
  test.each([
    ['reads the status and keeps trailers', AWARE, `0\r\nX-Stream-Status: error;bytes=4;type=${SHUTDOWN}\r\n`, 'FIN'],
    ['reads the status', ASKING, abortChunk(SHUTDOWN), 'FIN'],
    ['asks for nothing', PLAIN, '4\r\ndata\r\n', 'FIN'],
    ['HTTP/1.0', OLD, 'data', 'ECONNRESET'],
  ])('a response that goes on fails when its time is over: %s', async (_, request, body, ending) => {
    const { server, port } = await answering({ source: stuck() });
    const wire = dial(port, request);
    const head = await wire.until('data');
    await drain(server, { timeout: 1 });
    const { octets, end } = await wire.closed();
    expect(messageFrom(head + octets).body).toContain(body);
    expect(end).toBe(ending);
  });

  test('one that ends in time is whole; a connection is closed once it is idle', async () => {
    const source = stuck();
    const { server, port } = await answering({ source: Readable.from(['done']) }, { source });
    const idle = dial(port, PLAIN);
    await idle.until(LAST_CHUNK);
    const busy = dial(port, PLAIN);
    await busy.until('data');
    const drained = drain(server);
    expect((await idle.closed()).end).toBe('FIN');
    source.push(null);
    await busy.until(LAST_CHUNK);
    await drained;
    expect(server.listening).toBe(false);
    expect((await busy.closed()).end).toBe('FIN');
  });

  test('one that has not begun gets 503', async () => {
    const { server, port, answers } = await answering({ source: new Readable({ read() {} }) });
    const wire = dial(port, PLAIN);
    await until(() => answers.length === 1);
    await drain(server, { timeout: 1 });
    const { statusLine, fields } = messageFrom((await wire.closed()).octets);
    expect(statusLine).toBe('HTTP/1.1 503 Service Unavailable');
    expect(fields.connection).toEqual(['close']);
  });

  test('a client that takes nothing does not hold it', async () => {
    const { server, port, answers } = await answering({ source: Readable.from([Buffer.alloc(64 << 20)]) });
    const wire = dial(port);
    wire.socket.pause();
    wire.send(AWARE);
    await until(() => answers.length === 1);
    await drain(server, { timeout: 1 });
    expect(server.listening).toBe(false);
  });

  test('a signal ends the time at once', async () => {
    const { server, port } = await answering({ source: stuck() });
    const wire = dial(port, AWARE);
    await wire.until('data');
    await drain(server, { timeout: 0, signal: AbortSignal.abort() });
    expect((await wire.closed()).octets).toContain(SHUTDOWN);
  });
});

test('a request that comes meanwhile: close is said, and respond answers 503', async () => {
  const sources: Readable[] = [];
  const urls: string[] = [];
  const { server, port } = await serve((req, res) => {
    urls.push(req.url!);
    if (req.url === '/health') res.end(String(server.listening));
    else if (req.url === '/2') begin(Readable.from(['late']), respond(res));
    else {
      sources.push(stuck());
      begin(sources.at(-1)!, respond(res));
    }
  });
  const [one, two] = [dial(port, get('', '/1')), dial(port, get('', '/1'))];
  await Promise.all([one.until('data'), two.until('data')]);
  const drained = drain(server);
  one.send(get('', '/health'));
  two.send(get('', '/2'));
  await until(() => urls.length === 4);
  for (const source of sources) source.push(null);
  await Promise.all([one.until(LAST_CHUNK), two.until(LAST_CHUNK), drained]);
  expect(messageFrom((await one.closed()).octets)).toMatchObject({ fields: { connection: ['close'] }, body: 'false' });
  expect(messageFrom((await two.closed()).octets).statusLine).toBe('HTTP/1.1 503 Service Unavailable');
});

test('options that are none', async () => {
  const { server } = await serve(() => {});
  await expect(drain(server, { timeout: -1 })).rejects.toThrow(RangeError);
  await expect(drain(server, { timeout: '1' as never })).rejects.toThrow(TypeError);
  await expect(drain(server, { signal: {} as never })).rejects.toThrow(TypeError);
  await drain(server);
  await drain(server); // one that does not listen is drained
});

describe('SIGTERM', () => {
  test.each([
    ['a process', []],
    ['a cluster of two', ['cluster']],
  ])('%s: every client that asked is told, and it has ended within the bound', async (_, args) => {
    const program = fileURLToPath(new URL('./draining-server.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = await once(createInterface(child.stdout), 'line');
    const wires = Array.from({ length: 6 }, () => dial(Number(line), AWARE));
    await Promise.all(wires.map((wire) => wire.until('data')));
    child.kill('SIGTERM');
    for (const wire of wires) expect((await wire.closed()).octets).toContain(`type=${SHUTDOWN}`);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });
});
