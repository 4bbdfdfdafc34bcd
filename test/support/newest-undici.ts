/**
 * Installs undici 8 for the tests in test/undici, where this Node can run it. It is no dependency of the project: npm would
 * warn everybody on Node 20 that it asks for more. Without a network, test/undici/clients.ts says that it is skipped.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../undici/newest/', import.meta.url));

export default function setup(): void {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  if (major < 22 || (major === 22 && minor < 19) || existsSync(`${FOLDER}node_modules`)) return;
  try {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: FOLDER,
      shell: process.platform === 'win32', // where npm is a script
      stdio: 'ignore',
      timeout: 60_000,
    });
  } catch {
    // what is missing is told where it is looked for
  }
}
