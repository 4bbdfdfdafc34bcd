/** What must pass through the interceptor unharmed: backpressure, aborts, connections, many responses at a time. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { respond } from '../../src/node/send/respond.ts';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { begin, endless, failing, origin, originOf, serve, stuck, until } from '../support/servers.ts';
import { agentOf, CLIENTS, COPIES, streamErrorIn } from './clients.ts';

const MIB = 1024 * 1024;

/** Whether the count has stood still for two thousand rounds of the event loop. */
function stallOf(count: () => number): () => boolean {
  let [last, rounds] = [count(), 0];
  return () => {
    rounds = count() === last ? rounds + 1 : 0;
    last = count();
    return rounds > 2000;
  };
}

/** Handlers of either kind that do this with the first data, and note what they are told in the end. */
const legacyHandler = (onData: (abort: (reason: Error) => void) => void, seen: unknown[]) => {
  let abort: (reason: Error) => void;
  return {
    onConnect: (given: typeof abort) => {
      abort = given;
    },
    onHeaders: () => true,
    onData: () => onData(abort),
    onComplete: () => seen.push('complete'),
    onError: (error: Error) => seen.push(error),
  };
};

const controllerHandler = (onData: (abort: (reason: Error) => void) => void, seen: unknown[]) => ({
  onRequestStart: () => {},
  onResponseStart: () => {},
  onResponseData: (controller: { abort(reason: Error): void }) => onData((reason) => controller.abort(reason)),
  onResponseEnd: () => seen.push('complete'),
  onResponseError: (_: unknown, error: Error) => seen.push(error),
});

describe.each(COPIES)('$name', (copy) => {
  const { undici } = copy;
  const verifying = () => agentOf(copy).compose(verifyInterceptor());

  /** How a body is read, piece by piece; and the response, to ask for the verdict. */
  const WAYS = [
    [
      'request',
      async (url: string, options: object = {}) => {
        const response = await undici.request(url, { dispatcher: verifying(), ...options });
        return { response, body: response.body as AsyncIterable<Uint8Array> };
      },
    ],
    [
      'fetch',
      async (url: string, options: object = {}) => {
        const response = await undici.fetch(url, { dispatcher: verifying(), ...options });
        return { response, body: response.body as AsyncIterable<Uint8Array> };
      },
    ],
  ] as const;

  describe.each(WAYS)('%s', (way, ask) => {
    test('a reader that stops holds the source', async () => {
      let given = 0;
      async function* source() {
        for (; given < 48 * MIB; given += MIB) yield Buffer.alloc(MIB, 'x');
      }
      const { port } = await serve((_, res) => void begin(source(), respond(res)));
      const { response, body } = await ask(`http://127.0.0.1:${port}/`);
      let read = 0;
      for await (const piece of body) {
        if (read === 0) await until(stallOf(() => given));
        if (read === 0) expect(given).toBeLessThan(24 * MIB); // what the kernel and the streams hold
        read += piece.length;
      }
      expect(read).toBe(48 * MIB);
      expect(await verdictOf(response)).toMatchObject({ kind: 'complete', bytes: read });
    });

    test('the caller’s abort is the caller’s own error, and the verdict is abandoned', async () => {
      const { port } = await serve((_, res) => void begin(stuck(), respond(res)));
      const aborter = new AbortController();
      const { response, body } = await ask(`http://127.0.0.1:${port}/`, { signal: aborter.signal });
      const reading = (async () => {
        for await (const _ of body) aborter.abort(new Error('no longer wanted'));
      })();
      const error = await reading.catch((reason) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(streamErrorIn(error)).toBeUndefined();
      if (way === 'request') expect(error.message).toBe('no longer wanted');
      expect(await verdictOf(response)).toMatchObject({
        kind: 'abandoned',
        bytes: 4,
        reason: expect.stringContaining('gave up'),
      });
    });

    test('a reader that leaves: the verdict is abandoned', async () => {
      const { port } = await serve((_, res) => void begin(endless(), respond(res)));
      const { response, body } = await ask(`http://127.0.0.1:${port}/`);
      for await (const _ of body) break;
      expect(await verdictOf(response)).toMatchObject({
        kind: 'abandoned',
        reason: expect.stringContaining('gave up'),
      });
    });

    test('a failed body that nobody reads harms nobody, and has its verdict', async () => {
      const { port } = await serve((_, res) => void begin(failing(['data']), respond(res)));
      const { response, body } = await ask(`http://127.0.0.1:${port}/`);
      // undici 6 raises every error of a body that nobody listens to, its own as well (measured).
      if (copy.major === 6 && body instanceof Readable) body.on('error', () => {});
      expect((await verdictOf(response)).kind).toBe('failed');
      await nextRound(); // the error comes a round later
    });

    test('many at a time: each has the verdict of its own', async () => {
      const { port } = await serve((req, res) => {
        const [, how, name] = req.url!.split('/') as [string, string, string];
        begin(how === 'failing' ? failing([name]) : [name], respond(res));
      });
      const dispatcher = verifying();
      const names = Array.from(
        { length: 60 },
        (_, at) => `${at % 3 === 0 ? 'failing' : 'whole'}/${'x'.repeat(at + 1)}`,
      );
      const seen = await Promise.all(
        names.map(async (name) => {
          const { response, body } = await ask(`http://127.0.0.1:${port}/${name}`, { dispatcher });
          try {
            for await (const _ of body);
          } catch {}
          const { kind, bytes } = await verdictOf(response);
          return `${kind === 'failed' ? 'failing' : kind === 'complete' ? 'whole' : kind}/${'x'.repeat(bytes)}`;
        }),
      );
      expect(seen).toEqual(names);
    });

    test('the connection is used again after a whole body, and after one that failed by trailers', async () => {
      const { server, port } = await serve((req, res) => {
        begin(req.url === '/failing' ? failing(['data']) : ['data'], respond(res));
      });
      let connections = 0;
      server.on('connection', () => connections++);
      const dispatcher = agentOf(copy, { connections: 1 }).compose(verifyInterceptor());
      const kinds: Verdict['kind'][] = [];
      for (const path of ['', 'failing', '', '']) {
        const { response, body } = await ask(`http://127.0.0.1:${port}/${path}`, { dispatcher });
        try {
          for await (const _ of body);
        } catch {}
        kinds.push((await verdictOf(response)).kind);
      }
      expect(kinds).toEqual(['complete', 'failed', 'complete', 'complete']);
      expect(connections).toBe(1);
    });
  });

  test('undici’s bodyTimeout is ERR_BODY_TIMEOUT', async () => {
    const { port } = await serve((_, res) => void begin(stuck(), respond(res)));
    const dispatcher = agentOf(copy, { bodyTimeout: 50 }).compose(verifyInterceptor());
    const response = await undici.request(`http://127.0.0.1:${port}/`, { dispatcher });
    const error = await response.body.text().catch((reason) => reason);
    expect(streamErrorIn(error)?.code).toBe('ERR_BODY_TIMEOUT');
    expect(await verdictOf(response)).toMatchObject({ kind: 'truncated', bytes: 4 });
  });

  test('undici’s maxResponseSize is ERR_BODY_LIMIT', async () => {
    const { port } = await serve((_, res) => void begin(endless(), respond(res)));
    const dispatcher = agentOf(copy, { maxResponseSize: 1024 }).compose(verifyInterceptor());
    const response = await undici.request(`http://127.0.0.1:${port}/`, { dispatcher });
    const error = await response.body.text().catch((reason) => reason);
    expect(streamErrorIn(error)?.code).toBe('ERR_BODY_LIMIT');
  });

  const enough = new Error('enough');
  test.each([
    ['aborts', (abort: (reason: Error) => void) => abort(enough)],
    [
      'throws',
      () => {
        throw enough;
      },
    ],
  ])('a handler that %s gets its own error', async (_, onData) => {
    const { port } = await serve((_, res) => void begin(stuck(), respond(res)));
    const seen: unknown[] = [];
    const handler = (copy.major === 6 ? legacyHandler : controllerHandler)(onData, seen);
    const told = new Promise<Verdict>((onVerdict) => {
      const dispatcher = agentOf(copy).compose(verifyInterceptor({ onVerdict }));
      dispatcher.dispatch({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' }, handler);
    });
    expect(await told).toMatchObject({ kind: 'abandoned', bytes: 4, reason: expect.stringContaining('gave up') });
    await until(() => seen.length > 0);
    expect(seen).toEqual([enough]);
  });

  test('a body that is read after it has failed still fails', async () => {
    for (const [, ask] of WAYS) {
      const { port } = await serve((_, res) => void begin(failing(['data']), respond(res)));
      const { response, body } = await ask(`http://127.0.0.1:${port}/`);
      if (body instanceof Readable) body.on('error', () => {});
      await verdictOf(response);
      await nextRound();
      await nextRound();
      const error = await (async () => {
        for await (const _ of body);
      })().catch((reason) => reason);
      expect(streamErrorIn(error)?.code).toBe('ERR_BODY_FAILED');
    }
  });

  test('a dispatcher that is destroyed: its own error, and the verdict is abandoned', async () => {
    const { port } = await serve((_, res) => void begin(stuck(), respond(res)));
    const agent = agentOf(copy);
    const response = await undici.request(`http://127.0.0.1:${port}/`, {
      dispatcher: agent.compose(verifyInterceptor()),
    });
    const reading = response.body.text().catch((reason) => reason);
    await agent.destroy();
    expect((await reading).code).toBe('UND_ERR_DESTROYED');
    expect(await verdictOf(response)).toMatchObject({ kind: 'abandoned', reason: expect.stringContaining('gave up') });
  });

  test('an error that one interceptor has found is not wrapped by another', async () => {
    const dispatcher = agentOf(copy).compose(verifyInterceptor(), verifyInterceptor());
    const { port } = await serve((_, res) => void begin(failing(['data']), respond(res)));
    const response = await undici.request(`http://127.0.0.1:${port}/`, { dispatcher });
    const error = await response.body.text().catch((reason) => reason);
    expect({ code: error.code, type: error.verdict?.status?.type }).toEqual({
      code: 'ERR_BODY_FAILED',
      type: 'source_error',
    });
  });

  test('RFC 9110 §7.8: an upgrade is none of its business', async () => {
    let request = '';
    const port = await origin((socket, head) => {
      request = head;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello');
    });
    const { socket } = await undici.upgrade(`http://127.0.0.1:${port}/`, { protocol: 'echo', dispatcher: verifying() });
    const [data] = await once(socket, 'data');
    socket.destroy();
    expect(String(data)).toBe('hello');
    expect(request).not.toMatch(/^te:/im);
  });
});

describe.each(CLIENTS)('$name', ({ read }) => {
  test('fetch and request alike give what came before a failure to a reader that waits for it', async () => {
    const octets = '4\r\nsome\r\n4\r\ndata\r\n0\r\nX-Stream-Status: error;type=source_error\r\n\r\n';
    const url = `http://127.0.0.1:${await originOf(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${octets}`)}/`;
    const { data, streamError } = await read(url);
    expect({ data, code: streamError?.code }).toEqual({ data: 'somedata', code: 'ERR_BODY_FAILED' });
  });
});

test.each(COPIES)('setGlobalDispatcher of $name reaches Node’s own fetch', async ({ major, name, undici }) => {
  const reaches = major > 6 || Number(process.versions.undici!.split('.')[0]) < 8;
  if (!reaches) return console.warn(`SKIPPED: setGlobalDispatcher of ${name} does not reach the fetch of this Node`);
  const { port } = await serve((_, res) => void begin(failing(['data']), respond(res)));
  const before = undici.getGlobalDispatcher();
  const agent = new undici.Agent();
  undici.setGlobalDispatcher(agent.compose(verifyInterceptor()));
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const error = await response.text().catch((reason) => reason);
    expect(streamErrorIn(error)?.code).toBe('ERR_BODY_FAILED');
    expect((await verdictOf(response)).kind).toBe('failed');
  } finally {
    undici.setGlobalDispatcher(before);
    await agent.destroy();
  }
});
