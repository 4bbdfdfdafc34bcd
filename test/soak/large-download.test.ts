/**
 * Strategy: the built program's `get --resume` of a large file from its `serve`, killed ten times at moments that the bytes
 * on the way decide, through a forwarder that counts them. LARGE_GIB=4 is the size that was measured; it needs as much room
 * on the disk. Without it, 256 MiB, which show the same.
 */
import { execFileSync } from 'node:child_process';
import { open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { serve, start, temporaryDirectory } from '../support/cli.ts';
import { listen } from '../support/servers.ts';

const KILLS = 10;
const GIB = 1024 ** 3;
const SIZE = process.env.LARGE_GIB === undefined ? GIB / 4 : Number(process.env.LARGE_GIB) * GIB;

/** Mostly a hole, so that it is made at once; here and there it is not, so that what is mixed up shows. */
async function largeFile(folder: string): Promise<string> {
  const file = path.join(folder, 'origin.bin');
  await writeFile(file, '');
  await truncate(file, SIZE);
  const handle = await open(file, 'r+');
  for (let at = 0; at < SIZE; at += 4 * 1024 * 1024) await handle.write(`here is ${at}`, at);
  await handle.close();
  return file;
}

/** Forwards to a port, and counts what comes from there. */
async function counting(port: number) {
  let bytes = 0;
  let waiting: (() => void) | undefined;
  let threshold = Number.POSITIVE_INFINITY;
  const server = createServer((client) => {
    const origin = connect(port, '127.0.0.1');
    client.on('error', () => origin.destroy()).on('close', () => origin.destroy());
    origin.on('error', () => client.destroy()).on('close', () => client.destroy());
    origin.on('data', (data) => {
      bytes += data.length;
      if (bytes >= threshold) waiting?.();
    });
    origin.pipe(client);
    client.pipe(origin);
  });
  return {
    port: await listen(server),
    bytes: () => bytes,
    reaches: (count: number) =>
      new Promise<void>((resolve) => {
        threshold = count;
        waiting = resolve;
      }),
  };
}

test(`${SIZE / GIB} GiB, killed ${KILLS} times: whole, verified, and hardly anything came twice`, {
  timeout: 3_600_000,
}, async () => {
  const folder = await temporaryDirectory();
  const origin = await largeFile(folder);
  const { port } = await serve(origin);
  const forwarder = await counting(port);
  const cwd = path.join(folder, 'to');
  execFileSync('mkdir', [cwd]);
  const args = ['get', `http://127.0.0.1:${forwarder.port}/`, '-o', 'copy.bin', '--resume', '--require', 'always'];
  for (let kill = 1; kill <= KILLS; kill++) {
    const { child, ended } = start(args, { cwd });
    await forwarder.reaches(forwarder.bytes() + SIZE / (KILLS + 1));
    child.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
  }
  const last = await start(args, { cwd }).ended;
  expect(last).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  execFileSync('cmp', [origin, path.join(cwd, 'copy.bin')]);
  expect(await readdir(cwd)).toEqual(['copy.bin']);
  const fetched = forwarder.bytes();
  console.info(`fetched ${(fetched / GIB).toFixed(3)} GiB for ${SIZE / GIB} GiB`);
  // 16 MiB between two notes, and what is in buffers on the way, for each kill.
  expect(fetched).toBeLessThan(SIZE + KILLS * 50 * 1024 * 1024);
  await rm(origin);
});
