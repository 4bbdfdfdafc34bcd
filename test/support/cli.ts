/**
 * The built program as its users run it: a real child process with pipes for its output and no terminal. Whatever a test
 * starts here is ended when the test is, and so are the temporary directories, which have a space in their names.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';
import { Transcript } from './transcript.ts';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: these tests run the built program. npm run build`);

/** Nothing of the environment of the tests reaches the program, but the way to find others. */
const ENVIRONMENT = { PATH: process.env.PATH };

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Takes standard output instead of the transcript, for output that is too much to keep. */
  onStdout?: (data: Buffer) => void;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Program {
  child: ChildProcess;
  stdout: Transcript;
  stderr: Transcript;
  /** When it has exited and its output has been read. */
  ended: Promise<Ended>;
}

export function start(args: readonly string[], options: StartOptions = {}): Program {
  return startCommand(process.execPath, [MAIN, ...args], options);
}

export function run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

export function startCommand(
  command: string,
  args: readonly string[],
  { cwd, env, onStdout }: StartOptions = {},
): Program {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENVIRONMENT, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const stdout = new Transcript();
  const stderr = new Transcript();
  child.stdout.on('data', onStdout ?? ((data: Buffer) => stdout.add(data)));
  child.stderr.on('data', (data: Buffer) => stderr.add(data));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      stdout.end();
      stderr.end();
      resolve({ code, signal, stdout: stdout.text, stderr: stderr.text });
    });
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, stdout, stderr, ended };
}

export interface Served extends Program {
  /** With a slash at its end. */
  url: string;
  port: number;
}

/** `serve <root> --port 0 ...options`, once it listens. */
export async function serve(root: string, options: readonly string[] = [], start_: StartOptions = {}): Promise<Served> {
  const program = start(['serve', root, '--port', '0', ...options], start_);
  const [, url, port] = await program.stdout.seen(/ at (http:\/\/\S+:(\d+)\/) {2}\(Ctrl-C stops\)\n/);
  return { ...program, url: url!, port: Number(port) };
}

/** A file of which `serve` learns the digest beside its answers, as of all that are large: it is at rest when this returns. */
export async function largeFile(bytes: number): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chunked trailers '));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'large.bin');
  await writeFile(file, randomBytes(bytes));
  await new Promise((resolve) => setTimeout(resolve, 2100)); // within two seconds, a change may not show
  return file;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'chunked trailers ')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
