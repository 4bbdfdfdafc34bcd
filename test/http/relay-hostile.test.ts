/**
 * Strategy: the proxy of docs/receive.md as it stands, in a process of its own, in front of an upstream that means harm. Each
 * response costs that one response: the client is told, the upstream connection is let go, and the process serves the next.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { ROOT, snippet } from '../support/guides.ts';
import { closed, drain } from '../support/servers.ts';

const relaying = snippet('docs/receive.md', 'relay(response, res)');

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
const GOOD = `${CHUNKED}Connection: close\r\n\r\n4\r\ngood\r\n0\r\n\r\n`;

/** What becomes of the request: the status, the verdict of `verify` on the body, or that no response came. */
type Told = [status: number, kind: string] | 'no response';

let child: ChildProcess;
let port: number;
let upstream: Server;
let upstreamSockets: Socket[] = [];
let answer: (socket: Socket) => void;
/** Resolves when data has reached the client. */
let arrival: Promise<void>;
let hasArrived: () => void;

beforeAll(async () => {
  upstream = createServer((socket) => {
    upstreamSockets.push(socket.on('error', () => {}));
    let head = '';
    socket.on('data', (data) => {
      head += data;
      if (!head.endsWith('\r\n\r\n')) return;
      if (head.startsWith('GET /good ')) socket.end(GOOD);
      else answer(socket);
    });
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  const code = relaying
    .replace(':8080', `:${(upstream.address() as AddressInfo).port}`)
    .replace('.listen(8081)', ".listen(0, '127.0.0.1', function () { console.log(this.address().port); })");
  expect(code).toContain('listen(0');
  child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout!, 'data');
  port = Number(line);
});

beforeEach(() => {
  upstreamSockets = [];
  arrival = new Promise((resolve) => {
    hasArrived = resolve;
  });
});

afterAll(() => {
  child.kill();
  upstream.close();
});

function ask(path: string): Promise<Told> {
  return new Promise((resolve) => {
    const headers = requestHeaders();
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, headers }, async (message) => {
      const body = verify(message).once('data', () => hasArrived());
      await drain(body);
      resolve([message.statusCode!, (await body.verdict).kind]);
    });
    request.on('error', () => resolve('no response'));
  });
}

/** The client is told, and the proxy and its next response are as they were. */
async function survives(expected: Told[]): Promise<void> {
  expect(expected).toContainEqual(await ask('/hostile'));
  await Promise.all(upstreamSockets.map(closed));
  expect(await ask('/good')).toEqual([200, 'unverified']);
  expect(child.exitCode).toBeNull();
}

const endingWith = (octets: string) => (socket: Socket) => void socket.end(octets, 'latin1');
const leftOpen = (octets: string) => (socket: Socket) => void socket.write(octets, 'latin1');
const resetAfter = (octets: string) => (socket: Socket) => {
  socket.write(octets, 'latin1', () => setImmediate(() => socket.resetAndDestroy()));
};

/** The second part comes when the first has reached the client, so its head is out. */
const later = (first: string, then: (socket: Socket) => void) => async (socket: Socket) => {
  socket.write(first, 'latin1');
  await arrival;
  then(socket);
};

const REFUSED: Told[] = [[502, 'unverified']];
/** The head is out: the body fails, in whichever way its client can be told. */
const FAILED: Told[] = [
  [200, 'failed'],
  [200, 'truncated'],
];

describe('a head', () => {
  test.each([
    ['status 0', 'HTTP/1.1 0 Zero'],
    ['status 000', 'HTTP/1.1 000 Zero'],
    ['status 99', 'HTTP/1.1 99 Low'],
    ['status 1000', 'HTTP/1.1 1000 High'],
    ['a status that is no number', 'HTTP/1.1 abc No'],
    ['no status line', 'good morning'],
  ])('RFC 9112 §4: with %s is 502', async (_, line) => {
    answer = endingWith(`${line}\r\nContent-Length: 4\r\n\r\ndata`);
    await survives(REFUSED);
  });

  test.each([600, 999])('RFC 9110 §15: of status %i goes on', async (status) => {
    answer = endingWith(`HTTP/1.1 ${status} Whatever\r\nContent-Length: 4\r\n\r\ndata`);
    await survives([[status, 'unverified']]);
  });

  test('RFC 9110 §15.2.2: of status 101, which nobody asked for, is 502', async () => {
    answer = endingWith('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello');
    await survives([...REFUSED, 'no response']);
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'with a field named %s goes on',
    async (name) => {
      answer = endingWith(`HTTP/1.1 200 OK\r\n${name}: polluted\r\nContent-Length: 4\r\n\r\ndata`);
      await survives([[200, 'unverified']]);
    },
  );

  test('with Set-Cookie in two spellings and many fields goes on', async () => {
    const many = Array.from({ length: 300 }, (_, at) => `X-${at}: ${at}\r\n`).join('');
    answer = endingWith(
      `HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nSET-COOKIE: b=2\r\n${many}Content-Length: 4\r\n\r\ndata`,
    );
    await survives([[200, 'unverified']]);
  });

  test.each([
    ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 4'],
    ['two Content-Lengths', 'Content-Length: 4\r\nContent-Length: 5'],
    ['a Content-Length that is none', 'Content-Length: 4x'],
    ['a bare CR in a value', 'X-Bad: a\rb\r\nContent-Length: 4'],
    ['a control in a value', 'X-Bad: a\u0001b\r\nContent-Length: 4'],
    ['a name that is none', 'X Bad: a\r\nContent-Length: 4'],
  ])('RFC 9112 §5, §6.3: with %s is 502', async (_, lines) => {
    answer = endingWith(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n0\r\n\r\n`);
    await survives(REFUSED);
  });

  test('that never ends, but with RST, is 502', async () => {
    answer = resetAfter('HTTP/1.1 200 OK\r\nX-Long: ');
    await survives(REFUSED);
  });

  test('that is too long is 502', async () => {
    answer = leftOpen(`HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(100_000)}`);
    await survives(REFUSED);
  });

  test('that never comes is 502', async () => {
    answer = (socket) => void socket.end();
    await survives(REFUSED);
  });
});

describe('a body', () => {
  const BEGINNING = `${CHUNKED}Trailer: X-Stream-Status\r\n\r\n4\r\ndata\r\n`;
  const WAYS: [name: string, how: (octets: string) => (socket: Socket) => void, octets: string][] = [
    ['garbage', endingWith, 'zz\r\n'],
    ['garbage, and no end', leftOpen, 'zz\r\n'],
    ['garbage of controls', endingWith, '\u0000\u0001\u00ff\r\n'],
    ['a chunk-size beyond all bounds', endingWith, 'ffffffffffffffffff\r\n'],
    ['FIN', endingWith, ''],
    ['RST', resetAfter, ''],
    ['a status that says error', endingWith, '0\r\nX-Stream-Status: error\r\n\r\n'],
    ['trailers that never end', resetAfter, '0\r\nX-Long: '],
    ['trailers that are too long', leftOpen, `0\r\nX-Long: ${'a'.repeat(100_000)}`],
    ['a count that disagrees', endingWith, '0\r\nX-Stream-Status: ok;bytes=5\r\n\r\n'],
  ];

  test.each(WAYS)('with %s behind its first chunk fails the client’s', async (_, how, octets) => {
    answer = later(BEGINNING, how(octets));
    await survives(FAILED);
  });

  test.each(WAYS)('with %s, all in one: so does the client’s, or it is 502', async (_, how, octets) => {
    answer = how(BEGINNING + octets);
    await survives([...FAILED, ...REFUSED]);
  });

  test('below Content-Length', async () => {
    answer = later('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata', endingWith(''));
    await survives(FAILED);
  });

  test('of a 504 that is reset', async () => {
    answer = later('HTTP/1.1 504 Gateway Timeout\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n', resetAfter(''));
    await survives([
      [504, 'failed'],
      [504, 'truncated'],
    ]);
  });

  test('of a 504 that is reset after its end', async () => {
    answer = resetAfter('HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n');
    await survives([[504, 'unverified']]);
  });

  test('that is whole, with another response behind it', async () => {
    answer = endingWith(
      'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndataHTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nevil',
    );
    await survives([[200, 'unverified']]);
  });
});
