/**
 * Strategy: the compression of npm in front of respond, and clients that kill: by FIN and by RST, before the head, in the middle,
 * while they take nothing. 100 at once, for as long as SOAK_SECONDS says. Whoever reads to the end of a body that claims to be whole has
 * all of its content, and no source that failed is ever taken for whole. In the end the server has nothing left: no socket,
 * descriptor, timer, source, memory. It runs in a process of its own, whose end would be seen.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { constants, createBrotliDecompress, createGunzip } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { requestHeaders } from '../../src/node/index.ts';
import { mulberry32 } from '../support/random.ts';
import { contentOf } from './content.js';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 12);
const SEED = Number(process.env.SOAK_SEED ?? randomInt(2 ** 31));
const CLIENTS = 100;
const MIB = 2 ** 20;
const SERVER = fileURLToPath(new URL('./soak-server.js', import.meta.url));

interface Left {
  sources: number;
  sockets: number;
  timers: number;
  descriptors: number;
  memory: number;
}

interface Plan {
  bytes: number;
  seed: number;
  how: 'good' | 'fails';
  asking: 'HTTP/1.1' | 'asked' | 'HTTP/1.0';
  coding: 'gzip' | 'br' | 'identity';
  /** How many bytes of the connection it takes before it goes, and how it goes. */
  leavesAfter: number;
  leaves: 'FIN' | 'RST';
}

type Outcome = 'whole' | 'failed' | 'left';

test.each([
  ['express', 'compression'],
  ['express-4', 'compression-1.7'],
])(
  `%s with %s: ${CLIENTS} clients for ${SECONDS} s, seed ${SEED}`,
  { timeout: 1000 * (2 * SECONDS + 120) },
  async (...packages) => {
    const random = mulberry32(SEED);
    const child = spawn(process.execPath, ['--expose-gc', SERVER, ...packages], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const left = async () => {
      child.send('left');
      return ((await once(child, 'message')) as [Left])[0];
    };
    const counts: Record<string, number> = {};
    const wrongs: string[] = [];

    const soak = async (milliseconds: number) => {
      const deadline = performance.now() + milliseconds;
      await Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          while (performance.now() < deadline && wrongs.length < 10 && child.exitCode === null) {
            const plan = planFrom(random);
            const { outcome, data } = await (plan.asking === 'HTTP/1.0' ? askOld(port, plan) : ask(port, plan));
            const counted = `${plan.how} ${outcome}`;
            counts[counted] = (counts[counted] ?? 0) + 1;
            const isWhole = data.equals(contentOf(plan.bytes, plan.seed));
            if (outcome === 'whole' && !(plan.how === 'good' && isWhole))
              wrongs.push(`taken for whole: ${JSON.stringify(plan)}`);
            if (outcome === 'failed' && plan.how === 'good') wrongs.push(`failed: ${JSON.stringify(plan)}`);
          }
        }),
      );
    };
    await soak(Math.min(10_000, 250 * SECONDS)); // warms up
    const before = await left();
    await soak(1000 * SECONDS);
    const after = await left();
    const exchanges = Object.values(counts).reduce((sum, count) => sum + count, 0);
    console.log(
      `soak: ${packages.join(', ')}, seed ${SEED}, ${SECONDS} s, ${exchanges} exchanges, ${JSON.stringify(counts)}; ` +
        `left ${JSON.stringify(before)} -> ${JSON.stringify(after)}`,
    );
    expect(child.exitCode).toBeNull();
    expect(wrongs).toEqual([]);
    for (const name of ['sources', 'sockets'] as const) expect(after[name], name).toBe(0);
    for (const name of ['timers', 'descriptors'] as const) expect(after[name], name).toBeLessThanOrEqual(before[name]);
    expect(after.memory - before.memory).toBeLessThan(24 * MIB);
    for (const counted of ['good whole', 'fails failed', 'good left', 'fails left'])
      expect(counts[counted], counted).toBeGreaterThan(0);
  },
);

function planFrom(random: () => number): Plan {
  const one = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)]!;
  return {
    // Often small, sometimes some hundred KiB, now and then more than the buffers hold.
    bytes: random() < 0.02 ? 8 * MIB : Math.floor(2 ** (random() * 19)),
    seed: Math.floor(random() * 1e6),
    how: one('good', 'good', 'fails'),
    asking: one('HTTP/1.1', 'asked', 'HTTP/1.0'),
    coding: one('gzip', 'br', 'identity'),
    leavesAfter: random() < 0.4 ? Math.floor(2 ** (random() * 14)) - 1 : Number.POSITIVE_INFINITY,
    leaves: one('FIN', 'RST'),
  };
}

const pathOf = ({ bytes, seed, how }: Plan) => `/${bytes}/${seed}/${how}`;

function leave(socket: Socket, { leaves }: Plan): void {
  if (leaves === 'RST') socket.resetAndDestroy();
  else socket.destroy();
}

interface Result {
  outcome: Outcome;
  data: Buffer;
}

/** An ordinary client, on a connection of its own. */
function ask(port: number, plan: Plan): Promise<Result> {
  return new Promise((resolve) => {
    const headers = { 'Accept-Encoding': plan.coding, ...(plan.asking === 'asked' && requestHeaders()) };
    const request = http.get({ port, host: '127.0.0.1', path: pathOf(plan), headers, agent: false }, (message) => {
      const pieces: Buffer[] = [];
      message.on('data', (data: Buffer) => pieces.push(data)).on('error', () => {});
      message.on('close', () => {
        const status = message.trailers['x-stream-status'];
        const isWhole = message.complete && message.statusCode === 200 && !String(status).startsWith('error');
        const outcome = hasLeft ? 'left' : isWhole ? 'whole' : 'failed';
        resolve(decoded(Buffer.concat(pieces), message.headers['content-encoding'], outcome));
      });
    });
    let hasLeft = false;
    request.on('error', () => resolve({ outcome: hasLeft ? 'left' : 'failed', data: Buffer.alloc(0) }));
    request.on('socket', (socket) => {
      const look = () => {
        if (socket.bytesRead <= plan.leavesAfter || hasLeft) return;
        hasLeft = true;
        leave(socket, plan);
      };
      socket.on('data', look);
      if (plan.leavesAfter === 0) {
        // Before the head: it takes nothing, and goes.
        hasLeft = true;
        socket.on('connect', () => setImmediate(leave, socket, plan));
      }
    });
  });
}

/** HTTP/1.0: FIN is the end. */
function askOld(port: number, plan: Plan): Promise<Result> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let end: string | undefined;
    let bytes = 0;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(`GET ${pathOf(plan)} HTTP/1.0\r\nHost: a\r\nAccept-Encoding: ${plan.coding}\r\n\r\n`);
    });
    socket
      .on('data', (data) => {
        pieces.push(data);
        bytes += data.length;
        if (bytes <= plan.leavesAfter || end !== undefined) return;
        end = 'left';
        leave(socket, plan);
      })
      .on('error', (error: NodeJS.ErrnoException) => (end ??= error.code))
      .on('end', () => {
        end ??= 'FIN';
        socket.destroy();
      })
      .on('close', () => {
        const octets = Buffer.concat(pieces);
        const headEnd = octets.indexOf('\r\n\r\n');
        const head = octets.toString('latin1', 0, Math.max(0, headEnd));
        const coding = /\r\ncontent-encoding: *(\w+)/i.exec(head)?.[1];
        const isWhole = end === 'FIN' && head.startsWith('HTTP/1.1 200');
        resolve(decoded(octets.subarray(headEnd + 4), coding, end === 'left' ? 'left' : isWhole ? 'whole' : 'failed'));
      });
  });
}

async function decoded(coded: Buffer, coding: string | undefined, outcome: Outcome): Promise<Result> {
  if (outcome !== 'whole' || coding === undefined) return { outcome, data: coded };
  const pieces: Buffer[] = [];
  const flush = { finishFlush: constants.Z_SYNC_FLUSH };
  const decoder =
    coding === 'br' ? createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }) : createGunzip(flush);
  decoder.on('data', (data: Buffer) => pieces.push(data)).on('error', () => {});
  decoder.end(coded);
  if (!decoder.closed) await new Promise((resolve) => decoder.once('close', resolve));
  return { outcome, data: Buffer.concat(pieces) };
}
