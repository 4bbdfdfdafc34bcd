/**
 * Strategy: the examples in other languages, each run by the program that tests anybody's implementation, and held to the
 * level that it states. Where a language is not installed, that is said aloud.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, createSecureServer } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, type TestContext, test, vi } from 'vitest';

import { respond } from '../../src/node/send/respond.ts';
import { listen } from '../support/servers.ts';
import { certificate, hasOpenssl } from '../support/tls.ts';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUNNER = 'spec-notes/conformance/run.mjs';
const TIME = 600_000;

let bin: string;
beforeAll(async () => {
  bin = await mkdtemp(path.join(tmpdir(), 'chunked-trailers-'));
});
afterAll(() => rm(bin, { recursive: true }));

/** Runs it, or skips the test loudly where the program is not there. */
async function build(context: TestContext, program: string, args: string[], cwd = ROOT): Promise<void> {
  try {
    await execute(program, args, {
      cwd,
      env: { ...process.env, GOFLAGS: '-mod=mod', GOCACHE: path.join(bin, 'cache') },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.warn(`SKIPPED: ${program} is not installed here: ${context.task.name}`);
    context.skip(`${program} is not installed`);
  }
}

/** What the runner prints after its list of what differs. */
async function report(...args: string[]): Promise<{ lines: string[]; wrong: string[] }> {
  const { stdout } = await execute(process.execPath, [RUNNER, ...args], { cwd: ROOT, maxBuffer: 1 << 24 }).catch(
    (error: { stdout: string }) => error,
  );
  const lines = stdout.trimEnd().split('\n');
  return { lines, wrong: lines.filter((line) => line.startsWith('WRONG')) };
}

/** The level that an example states at its top. */
async function statedBy(file: string, role: string): Promise<string> {
  const text = await readFile(path.join(ROOT, 'examples', file), 'utf8');
  return new RegExp(`${role},\\s+(?:#\\s+|//\\s+)?level: ([\\w-]+)`, 'i').exec(text)![1]!;
}

async function expectLevel(found: Awaited<ReturnType<typeof report>>, file: string, role: string): Promise<void> {
  expect(found.wrong).toEqual([]);
  const level = await statedBy(file, role);
  const printed = role === 'Recipient in content' ? 'recipient in content' : role.toLowerCase();
  expect(found.lines.at(-1)).toBe(`level: ${printed}, ${level}`);
}

/** Starts a server that says on which port it listens, and ends it with the test. */
async function started(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    const closed = once(child, 'close');
    child.kill();
    await closed;
  });
  for await (const line of createInterface(child.stdout)) {
    const port = /^listening on (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
  throw new Error(`${command} did not listen`);
}

describe('recipients', () => {
  test('Python', { timeout: TIME }, async (context) => {
    await build(context, 'python3', ['--version']);
    await expectLevel(await report('--receiver', 'python3 examples/python/sealed.py'), 'python/sealed.py', 'Recipient');
  });

  test('curl and a shell', { timeout: TIME }, async (context) => {
    for (const program of ['curl', 'openssl'])
      await build(context, program, [program === 'curl' ? '--version' : 'version']);
    await expectLevel(await report('--receiver', 'sh examples/shell/get.sh'), 'shell/get.sh', 'Recipient');
  });

  test('Go', { timeout: TIME }, async (context) => {
    await build(context, 'go', ['build', '-o', `${bin}/`, './cmd/...'], `${ROOT}examples/go`);
    await build(context, 'go', ['vet', './...'], `${ROOT}examples/go`);
    expect((await execute('gofmt', ['-l', `${ROOT}examples/go`])).stdout, 'as gofmt writes it').toBe('');
    await expectLevel(await report('--receiver', `${bin}/receive`), 'go/status.go', 'recipient');
  });

  test('fetch, in content', { timeout: TIME }, async () => {
    const found = await report('--in-content', `"${process.execPath}" examples/fetch/get.js`);
    await expectLevel(found, 'fetch/sealed-fetch.js', 'Recipient in content');
  });

  test('Java, in content', { timeout: TIME }, async (context) => {
    await build(context, 'javac', ['-Xlint:all', '-Werror', '-d', bin, 'examples/java/SealedContent.java']);
    const found = await report('--in-content', `java -cp ${bin} SealedContent`);
    await expectLevel(found, 'java/SealedContent.java', 'Recipient in content');
  });
});

describe.skipIf(!hasOpenssl)('recipients, over TLS', () => {
  const over = async (command: string, variable: string) => {
    const { key, cert } = await certificate();
    const pem = path.join(bin, 'both.pem');
    await writeFile(pem, (await readFile(key, 'utf8')) + (await readFile(cert, 'utf8')));
    vi.stubEnv(variable, cert);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { lines, wrong } = await report('--receiver', command, '--tls', pem);
    expect(wrong).toEqual([]);
    return lines.at(-1);
  };

  test('Python', { timeout: TIME }, async (context) => {
    await build(context, 'python3', ['--version']);
    const command = 'python3 examples/python/sealed.py';
    expect(await over(command, 'SSL_CERT_FILE')).toBe('level: recipient over TLS, full');
  });

  test('curl and a shell', { timeout: TIME }, async (context) => {
    await build(context, 'curl', ['--version']);
    expect(await over('sh examples/shell/get.sh', 'CURL_CA_BUNDLE')).toBe('level: recipient over TLS, checking');
  });

  test('Go', { timeout: TIME }, async (context) => {
    await build(context, 'go', ['build', '-o', `${bin}/`, './cmd/...'], `${ROOT}examples/go`);
    expect(await over(`${bin}/receive`, 'SSL_CERT_FILE')).toBe('level: recipient over TLS, checking');
  });

  test('Go, to a server of HTTP/2', { timeout: TIME }, async (context) => {
    await build(context, 'go', ['build', '-o', `${bin}/`, './cmd/...'], `${ROOT}examples/go`);
    const { key, cert } = await certificate();
    const server = createSecureServer({ key: await readFile(key), cert: await readFile(cert) }, (req, res) => {
      res.on('error', () => {});
      if (req.url === '/reset') {
        res.write('x', () => res.stream.close(constants.NGHTTP2_INTERNAL_ERROR));
        return;
      }
      const response = respond(res);
      response.write('x');
      if (req.url === '/ok') response.end();
      else response.on('error', () => {}).destroy(new Error('the disk is gone'));
    });
    const port = await listen(server);
    const verdictOn = (target: string) =>
      execute(`${bin}/receive`, [`https://127.0.0.1:${port}${target}`], {
        env: { ...process.env, SSL_CERT_FILE: cert },
      }).then(
        ({ stderr }) => stderr,
        ({ stderr }) => stderr,
      );
    expect(await verdictOn('/ok')).toBe('complete\n');
    expect(await verdictOn('/fail')).toBe('failed source_error\n');
    expect(await verdictOn('/reset')).toBe('truncated \n');
  });
});

describe('senders', () => {
  test('Python, WSGI', { timeout: TIME }, async (context) => {
    await build(context, 'python3', ['--version']);
    const url = await started('python3', ['-B', 'examples/python/orders.py', '0']);
    await expectLevel(await report('--sender', url), 'python/sealing_wsgi.py', 'Sender');
  });

  test('Go', { timeout: TIME }, async (context) => {
    await build(context, 'go', ['build', '-o', `${bin}/`, './cmd/...'], `${ROOT}examples/go`);
    const url = await started(`${bin}/orders`, ['127.0.0.1:0']);
    await expectLevel(await report('--sender', url), 'go/status.go', 'sender');
  });
});
