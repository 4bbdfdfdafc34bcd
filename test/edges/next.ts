/**
 * The application in the folder next, which has a lock of its own: Next is four times as large as all else here together. It
 * is installed and built before the tests, unless that was done with what is there now.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('next', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT_FROM = join(FOLDER, '.next/built-from');

export default function setup(): void {
  const sources = hashOf([join(FOLDER, 'src'), join(FOLDER, 'package-lock.json'), join(ROOT, 'dist')]);
  if (existsSync(BUILT_FROM) && readFileSync(BUILT_FROM, 'utf8') === sources) return;
  const options = { cwd: FOLDER, stdio: 'pipe', shell: process.platform === 'win32' } as const;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options);
  // As npm installs it: Next leaves packages there outside of what it bundles for pages/api.
  const installed = join(FOLDER, 'node_modules/chunked-trailers');
  for (const part of ['dist', 'package.json']) cpSync(join(ROOT, part), join(installed, part), { recursive: true });
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' } as const;
  execFileSync(process.execPath, [join(FOLDER, 'node_modules/next/dist/bin/next'), 'build'], { ...options, env });
  writeFileSync(BUILT_FROM, sources);
}

/** Of these files, and all in these folders. */
function hashOf(paths: string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const names = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }).sort() : [''];
    const files = names.map((name) => join(path, name)).filter((file) => statSync(file).isFile());
    for (const file of files) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}
