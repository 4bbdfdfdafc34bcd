/**
 * HTTP/2, in what `undici.request` and `fetch` of each copy make of it: from a server of node:http2, and from an origin that
 * sends frames by hand. Over TCP alone: the connector tells undici that HTTP/2 was agreed upon, as TLS would.
 */
import { createHash } from 'node:crypto';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { connect, type Server, type Socket } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import type { Dispatch } from '../../src/undici/dispatcher-api.ts';
import { type VerifyInterceptorOptions, verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { type Frame, originOfFrames } from '../support/http2-frames.ts';
import { listen } from '../support/servers.ts';
import { agentOf, COPIES, type Copy, streamErrorIn } from './clients.ts';

const HEAD = { ':status': '200' };
const ANNOUNCED = { ...HEAD, trailer: 'X-Stream-Status, Content-Digest' };

const digestOf = (content: string | Buffer) => `sha-256=:${createHash('sha256').update(content).digest('base64')}:`;
const sealOf = (content: string | Buffer) => ({
  'x-stream-status': `ok;bytes=${content.length}`,
  'content-digest': digestOf(content),
});

function connectOverTcp(
  { port, hostname }: { port: number; hostname: string },
  done: (error: Error | null, socket?: Socket) => void,
) {
  const socket = connect(port, hostname);
  Object.assign(socket, { alpnProtocol: 'h2' });
  socket.once('connect', () => done(null, socket)).once('error', done);
  return socket;
}

interface Seen {
  data: string;
  code: string | undefined;
  verdict: Verdict;
}

type Pieces = AsyncIterable<Uint8Array>;

async function read(
  copy: Copy,
  way: 'request' | 'fetch',
  port: number,
  options: VerifyInterceptorOptions = {},
  slowly = false,
): Promise<Seen> {
  const agent = agentOf(copy, { allowH2: true, connect: connectOverTcp });
  const url = `http://127.0.0.1:${port}/`;
  const dispatcher = agent.compose(verifyInterceptor(options));
  const response = await copy.undici[way](url, { dispatcher });
  let data = '';
  let code: string | undefined;
  try {
    for await (const piece of response.body as Pieces) {
      data += Buffer.from(piece).toString('latin1');
      for (let round = 0; slowly && round < 20; round++) await nextRound();
    }
  } catch (error) {
    code = streamErrorIn(error)?.code ?? String(error);
  }
  return { data, code, verdict: await verdictOf(response) };
}

async function serve(onStream: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    onStream(stream);
  });
  return listen(server as unknown as Server);
}

const sealed =
  (content: string | Buffer, seal: Record<string, string> = sealOf(content)) =>
  (stream: ServerHttp2Stream) => {
    stream.respond({ ...ANNOUNCED, ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(seal));
    stream.end(content);
  };

test.each(COPIES.filter(({ major }) => major < 8))(
  'a handler without a controller is told of the trailers as without us, $name',
  async (copy) => {
    const port = await serve(sealed('hello h2!'));
    const trailersBy = (dispatch: Dispatch) =>
      new Promise((resolve, reject) => {
        const handler = {
          onConnect() {},
          onHeaders: () => true,
          onData: () => true,
          onComplete: resolve,
          onError: reject,
        };
        dispatch({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' }, handler);
      });
    const agent = agentOf(copy, { allowH2: true, connect: connectOverTcp });
    const bare = agent.dispatch.bind(agent) as Dispatch;
    const without = await trailersBy(bare);
    expect(await trailersBy(verifyInterceptor({ require: 'never' })(bare))).toEqual(without);
  },
);

describe.each(COPIES)('$name', (copy) => {
  const seesTrailers = copy.major > 6;

  describe.each(['request', 'fetch'] as const)('%s', (way) => {
    test('RFC 9113 §8.1: trailers that seal the body', async () => {
      const { data, code, verdict } = await read(copy, way, await serve(sealed('hello h2!')));
      expect({ data, code, kind: verdict.kind }).toEqual(
        seesTrailers
          ? { data: 'hello h2!', code: undefined, kind: 'complete' }
          : { data: 'hello h2!', code: 'ERR_BODY_UNVERIFIED', kind: 'unverified' },
      );
    });

    test('trailers that say that it failed', async () => {
      const port = await serve(sealed('hello', { 'x-stream-status': 'error;type=source_error' }));
      const { code, verdict } = await read(copy, way, port);
      expect({ code, kind: verdict.kind }).toEqual(
        seesTrailers
          ? { code: 'ERR_BODY_FAILED', kind: 'failed' }
          : { code: 'ERR_BODY_UNVERIFIED', kind: 'unverified' },
      );
    });

    test('trailers whose digest disagrees', async () => {
      const port = await serve(sealed('hello', { 'x-stream-status': 'ok', 'content-digest': digestOf('other') }));
      const { code } = await read(copy, way, port);
      expect(code).toBe(seesTrailers ? 'ERR_BODY_MISMATCH' : 'ERR_BODY_UNVERIFIED');
    });

    test('a slow reader gets all of it, or an error', async () => {
      const content = Buffer.alloc(1024 * 1024, 'x');
      const { data, code, verdict } = await read(copy, way, await serve(sealed(content)), {}, true);
      if (code === undefined)
        expect({ bytes: data.length, kind: verdict.kind }).toEqual({ bytes: content.length, kind: 'complete' });
      else expect(verdict.kind).not.toBe('complete'); // undici 7 drops what it holds when the trailers come
    });

    const cut: Frame[] = [{ headers: HEAD }, { data: 'hello' }];
    const CODES = Array.from({ length: 14 }, (_, code) => code);

    test('RFC 9113 §5.4.2: RST_STREAM in the middle is an error, or unverified where undici calls it an end', async () => {
      const asEnd: number[] = [];
      for (const code of CODES) {
        const seen = await read(copy, way, await originOfFrames([...cut, { reset: code }]));
        if (seen.code !== undefined) continue;
        expect(seen.verdict.kind).toBe('unverified');
        asEnd.push(code);
      }
      expect(asEnd).toEqual(copy.major === 6 ? [8] : [0, 8]); // NO_ERROR, CANCEL
    });

    test('require: "always" makes an error of each of them', async () => {
      for (const code of CODES) {
        const seen = await read(copy, way, await originOfFrames([...cut, { reset: code }]), { require: 'always' });
        expect(['ERR_BODY_TRUNCATED', 'ERR_BODY_UNVERIFIED']).toContain(seen.code);
      }
    });

    test('so does a seal that the head announces', async () => {
      for (const code of CODES) {
        const seen = await read(
          copy,
          way,
          await originOfFrames([{ headers: ANNOUNCED }, { data: 'hello' }, { reset: code }]),
        );
        expect(['ERR_BODY_TRUNCATED', 'ERR_BODY_UNVERIFIED']).toContain(seen.code);
      }
    });
  });
});
