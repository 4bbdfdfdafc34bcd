/**
 * Strategy: every way in which a response of the built program's `serve` ends, good or broken on purpose or by Ctrl-C,
 * as three clients see it: one that asked for the status, Node's http, and one of HTTP/1.0.
 */
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Served, serve, start, temporaryDirectory } from '../../support/cli.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { ASKING, ask, dial } from '../../support/peers.ts';

async function serveHello(...options: string[]): Promise<Served> {
  const root = await temporaryDirectory();
  await writeFile(path.join(root, 'hello.json'), HELLO_WORLD);
  return serve(root, options);
}

describe('a good end', () => {
  test('is sealed for a client that asked', async () => {
    const { port } = await serveHello();
    const { headers, body, trailers, error } = await ask(port, '/hello.json', 'GET', ASKING);
    expect({ announced: headers.trailer, body: body.toString(), trailers, error }).toEqual({
      announced: 'X-Stream-Status, Content-Digest',
      body: HELLO_WORLD,
      trailers: { 'x-stream-status': 'ok;bytes=19', 'content-digest': HELLO_WORLD_SHA_256 },
      error: undefined,
    });
  });

  test('has no trailers for one that did not', async () => {
    const { port } = await serveHello();
    const { headers, body, trailers, error } = await ask(port, '/hello.json');
    expect({ announced: headers.trailer, body: body.toString(), trailers, error }).toEqual({
      announced: undefined,
      body: HELLO_WORLD,
      trailers: {},
      error: undefined,
    });
  });
});

describe('--fail-after', () => {
  test('says so at the start', async () => {
    const { stdout } = await serveHello('--fail-after', '1.5kB');
    await stdout.seen(/\nEvery file is broken after 1,500 bytes\.\n$/);
  });

  test.each([
    ['in the middle', '7', '{"hello'],
    ['at one octet', '1', '{'],
    ['before the last octet', '18', '{"hello": "world"}'],
    ['at exactly the size', '19', HELLO_WORLD],
  ])('%s', async (_, failAfter, sent) => {
    const { port } = await serveHello('--fail-after', failAfter);
    const reason = `Failed on purpose after ${failAfter} bytes`;
    const { body, trailers, error } = await ask(port, '/hello.json', 'GET', ASKING);
    expect({ sent: body.toString(), error }).toEqual({ sent, error: undefined });
    expect(trailers['x-stream-status']).toBe(`error;bytes=${failAfter};type=source_error;details="${reason}"`);

    const unaware = await ask(port, '/hello.json');
    expect({ sent: unaware.body.toString(), error: unaware.error }).toEqual({ sent, error: 'aborted' });

    const wish = 'X-Want-Stream-Status: ?1\r\n';
    const { received, closed } = await dial(port, `GET /hello.json HTTP/1.1\r\nHost: h\r\n${wish}\r\n`);
    const quoted = `1;x-stream-status="error;type=source_error;details=\\"${reason}\\""\r\n`;
    expect((await closed).error).toBeUndefined();
    expect(received.text.endsWith(`${sent}\r\n${quoted}`)).toBe(true);
  });

  test('RFC 9112 §6.3: HTTP/1.0 sees a reset, behind all that was sent', async () => {
    const { port } = await serveHello('--fail-after', '7');
    const { closed } = await dial(port, 'GET /hello.json HTTP/1.0\r\n\r\n');
    const { text, error } = await closed;
    expect({ sent: text.split('\r\n\r\n')[1], error }).toEqual({ sent: '{"hello', error: 'ECONNRESET' });
  });

  test('0: nothing has been sent, so the answer is an ordinary 500', async () => {
    const { port } = await serveHello('--fail-after', '0');
    const { status, headers, body, error } = await ask(port, '/hello.json', 'GET', ASKING);
    expect({ status, type: headers['content-type'], error }).toEqual({
      status: 500,
      type: 'application/problem+json',
      error: undefined,
    });
    expect(JSON.parse(body.toString())).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500 });
  });

  test('larger than the file: it comes whole', async () => {
    const { port } = await serveHello('--fail-after', '20');
    const { body, trailers, error } = await ask(port, '/hello.json', 'GET', ASKING);
    expect({ body: body.toString(), status: trailers['x-stream-status'], error }).toEqual({
      body: HELLO_WORLD,
      status: 'ok;bytes=19',
      error: undefined,
    });
  });

  test('a client that asked can go on with the connection', async () => {
    const { port } = await serveHello('--fail-after', '7');
    const fields = 'Host: h\r\nTE: trailers\r\nX-Want-Stream-Status: ?1\r\n';
    const { socket, received, closed } = await dial(port, `GET /hello.json HTTP/1.1\r\n${fields}\r\n`);
    await received.seen(/X-Stream-Status: error[\s\S]*\r\n\r\n$/);
    socket.write(`GET / HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`);
    expect((await closed).text).toContain('\r\nhello.json\n\r\n0\r\nX-Stream-Status: ok;bytes=11\r\n');
  });
});

/** A file so large that its response is in progress whenever a test looks; it takes no room on the disk. */
async function serveEndless(): Promise<Served> {
  const file = path.join(await temporaryDirectory(), 'endless');
  await writeFile(file, '');
  await truncate(file, 2 ** 40);
  return serve(file);
}

test('a client that leaves in the middle is logged as such, and the others are served', async () => {
  const { port, stdout } = await serveEndless();
  const { socket, received } = await dial(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await received.seen(/\r\n\r\n/);
  socket.destroy();
  await stdout.seen(/\nGET \/ 200 none \S+ [kMG]?B \d+\.\d s {2}the client left\n$/);
  expect((await ask(port, '/', 'HEAD')).status).toBe(200);
});

describe('Ctrl-C', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends an idle server with 0', async (signal) => {
    const { child, ended } = await serve(await temporaryDirectory());
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('a kept-alive connection on which nothing is asked gets FIN', async () => {
    const { port, child, ended } = await serveHello();
    const { received, closed } = await dial(port, 'GET /hello.json HTTP/1.1\r\nHost: h\r\n\r\n');
    await received.seen(/"world"}\n$/);
    child.kill('SIGINT');
    expect((await closed).error).toBeUndefined();
    expect((await ended).code).toBe(0);
  });

  test('get is told that the response in progress was cancelled', async () => {
    const { url, child, ended } = await serveEndless();
    const client = start(['get', url], { onStdout: () => child.killed || child.kill('SIGINT') });
    const { code, stderr } = await client.ended;
    expect(stderr).toMatch(
      /^error: failed after [\d,]+ bytes: The sender reported cancelled {2}\[ERR_BODY_FAILED\]\n$/,
    );
    expect(code).toBe(20);
    expect((await ended).code).toBe(0);
  });

  test('the response in progress of a client that reads the status and no trailers ends with the reason', async () => {
    const { port, child, ended } = await serveEndless();
    const wish = 'X-Want-Stream-Status: ?1\r\n';
    const { socket, received, closed } = await dial(port, `GET / HTTP/1.1\r\nHost: h\r\n${wish}\r\n`);
    await received.seen(/\r\n\r\n/);
    socket.removeAllListeners('data');
    let tail = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      tail = Buffer.concat([tail, data]).subarray(-100);
    });
    child.kill('SIGINT');
    await closed;
    expect(tail.toString().endsWith('\r\n1;x-stream-status="error;type=cancelled"\r\n')).toBe(true);
    expect((await ended).code).toBe(0);
  });

  test('a client that does not read cannot hold the server up, and is left with less than the whole', async () => {
    const { url, child, ended } = await serveEndless();
    const client = start(['get', url], {
      onStdout: () => {
        if (child.killed) return;
        client.child.stdout?.pause();
        child.kill('SIGINT');
      },
    });
    expect((await ended).code).toBe(0);
    client.child.stdout?.resume();
    const { code, stderr } = await client.ended;
    // Whether the abort chunk still fits into what the kernel buffers for the client is the kernel's business.
    const told = {
      20: /^error: failed after [\d,]+ bytes: [^\n]+\n$/,
      21: /^error: truncated after [\d,]+ bytes: [^\n]+\n$/,
    };
    expect(Object.keys(told)).toContain(String(code));
    expect(stderr).toMatch(told[code as 20 | 21]);
  });
});
