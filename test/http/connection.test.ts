/**
 * Strategy: what a connection of `node:http` carries besides one response: a large body before a failure, and pipelined
 * requests whose second response has no socket yet. Order is forced by promises that the test keeps, not by time.
 */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { timedOut } from '../support/clock.ts';
import { ABORT_CHUNK, ASKING, AWARE, abortChunk, dial, LAST_CHUNK, messageFrom, unchunk } from '../support/dial.ts';
import { latin1, pattern } from '../support/octets.ts';
import { type Answer, begin, failing, KINDS, type Source, serve, until } from '../support/servers.ts';

const MEBIBYTE = 1024 * 1024;

test.each(KINDS)('on %s, every octet of 4 MiB arrives before the abort that follows at once', async (_, answering) => {
  const body = latin1(pattern(4 * MEBIBYTE));
  async function* source() {
    yield Buffer.from(body, 'latin1');
    throw new Error('the disk is gone');
  }
  const { port } = await answering({ source: source() });
  const wire = dial(port);
  wire.socket.pause(); // nobody takes anything before all has been written
  wire.send(ASKING);
  setImmediate(() => wire.socket.resume());
  const { octets, end } = await wire.closed();
  const { data, rest } = unchunk(messageFrom(octets).body);
  expect(data.length).toBe(4 * MEBIBYTE);
  expect(data === body).toBe(true);
  expect(rest).toBe(ABORT_CHUNK);
  expect(end).toBe('FIN');
});

interface Pipelined {
  port: number;
  answers: Record<string, Answer>;
}

/** Answers `/1` with one source and `/2` with the other. */
async function pipelined(first: Source, second: Source): Promise<Pipelined> {
  const answers: Record<string, Answer> = {};
  const { port } = await serve((req, res) => {
    answers[req.url!] = begin(req.url === '/1' ? first : second, respond(res));
  });
  return { port, answers };
}

const FIRST = ASKING.replace('GET /', 'GET /1');
const SECOND = ASKING.replace('GET /', 'GET /2');
const SECOND_AWARE = AWARE.replace('GET /', 'GET /2');

/** Gives `before`, waits for the promise, gives `after`. */
async function* waiting(before: string, promise: Promise<unknown>, after: string) {
  yield before;
  await promise;
  yield after;
}

test('RFC 9112 §9.3.2: the second of two pipelined responses waits for the first', async () => {
  let isPulled = () => {};
  const pulled = new Promise<void>((resolve) => {
    isPulled = resolve;
  });
  async function* second() {
    yield 'two';
    isPulled();
  }
  const { port, answers } = await pipelined(waiting('on', pulled, 'e'), second());
  const wire = dial(port, FIRST + SECOND);
  const one = messageFrom(await wire.until(LAST_CHUNK));
  const two = messageFrom(await wire.until(LAST_CHUNK));
  expect([one, two].map(({ body }) => unchunk(body))).toEqual([
    { data: 'one', rest: LAST_CHUNK },
    { data: 'two', rest: LAST_CHUNK },
  ]);
  expect(await answers['/2']!.outcome).toBeUndefined();
});

test('the second of two pipelined responses fails before the first has ended: the first is whole', async () => {
  let hasFailed = () => {};
  const failed = new Promise<void>((resolve) => {
    hasFailed = resolve;
  });
  async function* second() {
    yield 'two';
    setImmediate(hasFailed);
    throw new Error('the disk is gone');
  }
  const { port, answers } = await pipelined(waiting('on', failed, 'e'), second());
  const wire = dial(port, FIRST + SECOND);
  expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`2\r\non\r\n1\r\ne\r\n${LAST_CHUNK}`);
  const { octets, end } = await wire.closed();
  expect(messageFrom(octets).body).toBe(`3\r\ntwo\r\n${ABORT_CHUNK}`);
  expect(end).toBe('FIN');
  expect(answers['/2']!.response.ending).toBe('abort');
});

test('the same with a client that reads the status: the connection is kept', async () => {
  const { port } = await pipelined(Readable.from(['one']), failing(['two']));
  const wire = dial(port, FIRST + SECOND_AWARE + FIRST);
  expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`3\r\none\r\n${LAST_CHUNK}`);
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toContain(
    '3\r\ntwo\r\n0\r\nX-Stream-Status: error;bytes=3;type=source_error\r\n',
  );
  expect(messageFrom(await wire.until('\r\n\r\n')).statusLine).toMatch('HTTP/1.1 '); // the third was taken up
});

test('the first fails behind an abort: the source of the second is destroyed, and nothing of it is sent', async () => {
  const second = new Readable({ read() {} });
  second.push('two');
  let isAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  async function* first() {
    yield 'one';
    await asked;
    throw new Error('the disk is gone');
  }
  const answers: Answer[] = [];
  const { port } = await serve((req, res) => {
    answers.push(begin(req.url === '/1' ? first() : second, respond(res)));
    if (req.url === '/2') setImmediate(isAsked);
  });
  const { octets, end } = await dial(port, FIRST + SECOND).closed();
  expect(messageFrom(octets).body).toBe(`3\r\none\r\n${ABORT_CHUNK}`);
  expect(end).toBe('FIN');
  expect(await answers[1]!.outcome).toBeInstanceOf(Error);
  expect(second.destroyed).toBe(true);
});

test('the client leaves with two responses pipelined: both sources are destroyed at once', async () => {
  const sources = [new Readable({ read() {} }), new Readable({ read() {} })];
  const answers: Answer[] = [];
  let areBothAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    areBothAsked = resolve;
  });
  const { port } = await serve((req, res) => {
    const source = sources[req.url === '/1' ? 0 : 1]!;
    source.push('data');
    answers.push(begin(source, respond(res)));
    if (answers.length === 2) areBothAsked();
  });
  const wire = dial(port, FIRST + SECOND);
  await Promise.all([asked, wire.until('data')]);
  wire.socket.destroy();
  expect(await answers[0]!.outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  expect(await answers[1]!.outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  expect(sources.map((source) => source.destroyed)).toEqual([true, true]);
});

test('a timeout ends a pipelined response that waits for the first, and says so in its turn', async () => {
  let isOver = () => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  const source = new Readable({ read() {} });
  source.push('two');
  const { port } = await serve((req, res) => {
    if (req.url === '/1') begin(waiting('on', over, 'e'), respond(res));
    else {
      const controller = new AbortController();
      const { response } = begin(source, respond(res, { signal: controller.signal }));
      until(() => source.readableLength === 0).then(() => controller.abort(timedOut()));
      until(() => response.destroyed).then(isOver);
    }
  });
  const wire = dial(port, FIRST + SECOND);
  expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`2\r\non\r\n1\r\ne\r\n${LAST_CHUNK}`);
  const { octets, end } = await wire.closed();
  expect(messageFrom(octets).body).toBe(`3\r\ntwo\r\n${abortChunk('timeout')}`);
  expect(end).toBe('FIN');
  expect(source.destroyed).toBe(true);
});
