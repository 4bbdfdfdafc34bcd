/** Bun, Deno or workerd, from the npm registry: installed once into a cache outside of the project. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** What is fetched once and kept: outside of the project. */
export const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'chunked-trailers');

/** By name: the version, the package for each machine that is looked for, and where the binary is in it. */
const RUNTIMES: Record<string, { version: string; packages: Record<string, string>; file: string }> = {
  bun: {
    version: '1.4.5',
    packages: {
      'linux-x64': '@oven/bun-linux-x64',
      'linux-arm64': '@oven/bun-linux-aarch64',
      'darwin-arm64': '@oven/bun-darwin-aarch64',
    },
    file: 'bin/bun',
  },
  deno: {
    version: '2.9.6',
    packages: {
      'linux-x64': '@deno/linux-x64-glibc',
      'linux-arm64': '@deno/linux-arm64-glibc',
      'darwin-arm64': '@deno/darwin-arm64',
    },
    file: 'deno',
  },
  workerd: {
    version: '1.20261117.1',
    packages: {
      'linux-x64': '@cloudflare/workerd-linux-64',
      'linux-arm64': '@cloudflare/workerd-linux-arm64',
      'darwin-arm64': '@cloudflare/workerd-darwin-arm64',
    },
    file: 'bin/workerd',
  },
};

/**
 * The path of the binary, or why there is none.
 *
 * @param options.installs whether what is not there may be installed; `true` by default
 */
export async function runtimeBinary(
  name: string,
  { installs = true }: { installs?: boolean } = {},
): Promise<{ command: string } | { absence: string }> {
  const { version, packages, file } = RUNTIMES[name]!;
  const machine = `${process.platform}-${process.arch}`;
  const packageName = packages[machine];
  if (packageName === undefined) return { absence: `${name} is not looked for on ${machine}` };
  const folder = path.join(CACHE, 'runtimes', `${name}-${version}`);
  const command = path.join(folder, 'node_modules', packageName, file);
  if (existsSync(command)) return { command };
  if (!installs) return { absence: `${packageName}@${version} is not installed; npm run test:all installs it` };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  try {
    await run('npm', ['install', '--no-save', '--ignore-scripts', `${packageName}@${version}`], { cwd: folder });
  } catch (error) {
    return { absence: `${packageName}@${version} cannot be installed: ${(error as Error).message.split('\n', 1)[0]}` };
  }
  return { command };
}
