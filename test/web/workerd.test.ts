/** The cases of portable.js in workerd, Cloudflare's runtime, with its asynchronous `crypto.DigestStream` as the hasher. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runtimeBinary } from '../../scripts/runtime-binary.ts';
import { ROOT } from './browser.ts';

test('chunked-trailers/web in workerd, hashed by crypto.DigestStream', { timeout: 180_000 }, async ({ skip }) => {
  const binary = await runtimeBinary('workerd');
  if ('absence' in binary) {
    console.warn(`SKIPPED: chunked-trailers/web in workerd: ${binary.absence}`);
    return skip(binary.absence);
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'workerd-'));
  const files = ['worker.js', 'portable.js'];
  for (const file of files) await cp(path.join(ROOT, 'test/web', file), path.join(folder, file));
  for (const part of ['core', 'web']) {
    await cp(path.join(ROOT, 'dist', part), path.join(folder, 'dist', part), { recursive: true });
    const built = await readdir(path.join(folder, 'dist', part));
    files.push(...built.filter((file) => file.endsWith('.js')).map((file) => `dist/${part}/${file}`));
  }
  await writeFile(path.join(folder, 'config.capnp'), configuration(files));
  // On port 0, and the port that it got is written to file descriptor 3.
  const args = ['serve', path.join(folder, 'config.capnp'), '--control-fd=3'];
  const worker = spawn(binary.command, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  try {
    const [message] = (await once(worker.stdio[3]!, 'data')) as [Buffer];
    const { port } = JSON.parse(String(message).split('\n', 1)[0]!) as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const results = (await response.json()) as { title: string; error?: string }[];
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results.length).toBeGreaterThan(20);
  } finally {
    worker.kill();
    await once(worker, 'close');
    await rm(folder, { recursive: true, force: true });
  }
});

function configuration(files: readonly string[]): string {
  const modules = files.map((file) => `(name = "${file}", esModule = embed "${file}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${modules.join(', ')}], compatibilityDate = "2026-11-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}
