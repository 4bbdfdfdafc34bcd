/**
 * Strategy: the examples in other languages, each run by the program that tests anybody's implementation, and held to the
 * level that it states. Where a language is not installed, that is said aloud.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest';

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
