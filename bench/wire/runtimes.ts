/**
 * The other runtimes: Bun and Deno from the npm registry (scripts/runtime-binary.ts), and Go, where there is one on the
 * PATH.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CACHE, runtimeBinary } from '../../scripts/runtime-binary.ts';
import type { Program } from './processes.ts';

const run = promisify(execFile);

/** A program, or why there is none. */
export type Found = Program | { absence: string };

export interface FindOptions {
  /** Whether what is not there may be installed. */
  installs: boolean;
}

export async function bun(mode: 'pull' | 'direct', options: FindOptions): Promise<Found> {
  return find('bun', options, (command) => ({ command, args: [sender('bun.js'), mode] }));
}

export async function deno(options: FindOptions): Promise<Found> {
  return find('deno', options, (command) => {
    return { command, args: ['run', '--quiet', '--no-config', '--no-lock', '--allow-net', sender('deno.js')] };
  });
}

export async function go(): Promise<Found> {
  const folder = path.join(CACHE, 'go');
  const command = path.join(folder, process.platform === 'win32' ? 'net-http.exe' : 'net-http');
  mkdirSync(folder, { recursive: true });
  try {
    await run('go', ['build', '-o', command, sender('net-http.go')], { cwd: folder });
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { absence: isMissing ? 'no go on the PATH' : `go does not build it: ${(error as Error).message}` };
  }
  return { command, args: [] };
}

async function find(name: string, options: FindOptions, program: (command: string) => Program): Promise<Found> {
  const found = await runtimeBinary(name, options);
  return 'absence' in found ? found : program(found.command);
}

function sender(file: string): string {
  return fileURLToPath(new URL(`senders/${file}`, import.meta.url));
}
