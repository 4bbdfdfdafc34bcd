/**
 * The other runtimes: Bun and Deno from the npm registry, installed once into a cache outside of the project, as
 * scripts/node-binary.mjs does it for Node; and Go, where there is one on the PATH.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Program } from './processes.ts';

const run = promisify(execFile);
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'chunked-trailers');

interface Binary {
  name: string;
  version: string;
  packageName: string | undefined;
  /** In the package. */
  file: string;
}

const isWindows = process.platform === 'win32';
const machine = `${process.platform}-${process.arch}`;

const BUN: Binary = {
  name: 'Bun',
  version: '1.4.5',
  packageName: {
    'linux-x64': '@oven/bun-linux-x64',
    'linux-arm64': '@oven/bun-linux-aarch64',
    'darwin-arm64': '@oven/bun-darwin-aarch64',
  }[machine],
  file: 'bin/bun',
};

const DENO: Binary = {
  name: 'Deno',
  version: '2.9.6',
  packageName: {
    'linux-x64': '@deno/linux-x64-glibc',
    'linux-arm64': '@deno/linux-arm64-glibc',
    'darwin-arm64': '@deno/darwin-arm64',
  }[machine],
  file: 'deno',
};

/** A program, or why there is none. */
export type Found = Program | { absence: string };

export interface FindOptions {
  /** Whether what is not there may be installed. */
  installs: boolean;
}

export async function bun(mode: 'pull' | 'direct', options: FindOptions): Promise<Found> {
  return find(BUN, options, (command) => ({ command, args: [sender('bun.js'), mode] }));
}

export async function deno(options: FindOptions): Promise<Found> {
  return find(DENO, options, (command) => {
    return { command, args: ['run', '--quiet', '--no-config', '--no-lock', '--allow-net', sender('deno.js')] };
  });
}

export async function go(): Promise<Found> {
  const folder = path.join(CACHE, 'go');
  const command = path.join(folder, isWindows ? 'net-http.exe' : 'net-http');
  mkdirSync(folder, { recursive: true });
  try {
    await run('go', ['build', '-o', command, sender('net-http.go')], { cwd: folder });
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { absence: isMissing ? 'no go on the PATH' : `go does not build it: ${(error as Error).message}` };
  }
  return { command, args: [] };
}

async function find(binary: Binary, { installs }: FindOptions, program: (command: string) => Program): Promise<Found> {
  const { name, version, packageName } = binary;
  if (packageName === undefined) return { absence: `${name} is not looked for on ${machine}` };
  const folder = path.join(CACHE, 'runtimes', `${name.toLowerCase()}-${version}`);
  const command = path.join(folder, 'node_modules', packageName, binary.file);
  if (existsSync(command)) return program(command);
  if (!installs) return { absence: `${packageName}@${version} is not installed; npm run bench installs it` };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  try {
    await run('npm', ['install', '--no-save', '--ignore-scripts', `${packageName}@${version}`], { cwd: folder });
  } catch (error) {
    return { absence: `${packageName}@${version} cannot be installed: ${(error as Error).message.split('\n', 1)[0]}` };
  }
  return program(command);
}

function sender(file: string): string {
  return fileURLToPath(new URL(`senders/${file}`, import.meta.url));
}
