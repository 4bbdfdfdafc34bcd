/** A file from `serve` into a file: `get` and `download` beside programs that check nothing. The work is in MiB. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fsyncSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import got from 'got';
import { request } from 'undici';
import { makeBody } from '../fixtures.ts';
import type { Job, Load } from '../job.ts';
import { files } from '../library.ts';
import { serveBy, temporaryFolder } from './http.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MIB = makeBody(1024 * 1024);

/** Onto the disk, so that nobody's run has to wait for that. */
function writeContent(file: string, size: number): void {
  const fd = openSync(file, 'w');
  for (let i = 0; i < size; i++) writeSync(fd, MIB);
  fsyncSync(fd);
  closeSync(fd);
}

/** Serves a file for each size that is asked for, by making it when it is first wanted. */
async function serve(): Promise<number> {
  const root = temporaryFolder();
  for (const size of SIZES) writeContent(path.join(root, `${size}`), size);
  return (await serveBy(process.execPath, [CLI, 'serve', root, '--port', '0', '--quiet'])).port;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const data of createReadStream(file)) hash.update(data);
  return hash.digest('hex');
}

/**
 * A place for so many bytes. A virtual machine may have given back the memory that the file will lie in, and the first to
 * touch it again pays 1 to 2 s for 1 GiB (measured), whoever that is: so it is touched before.
 */
function placeFor(size: number): string {
  const file = path.join(temporaryFolder(), 'file');
  writeContent(file, size);
  rmSync(file);
  return file;
}

/** In this process. */
const within =
  (get: (url: string, file: string) => Promise<unknown>): Load =>
  async (port, size) => {
    const file = placeFor(size);
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    await get(`http://127.0.0.1:${port}/${size}`, file);
    const { user, system } = process.cpuUsage(cpu);
    const time = (performance.now() - start) / 1000;
    return { time, CPU: (user + system) / 1e6, proof: await digestOf(file) };
  };

/** A command line, which bash times. */
const program =
  (command: string): Load =>
  async (port, size) => {
    const file = placeFor(size);
    const script = `TIMEFORMAT='%R %U %S'; time { ${command}; } >/dev/null 2>/dev/null`;
    const env = { ...process.env, URL: `http://127.0.0.1:${port}/${size}`, FILE: file, NODE: process.execPath, CLI };
    const child = spawn('bash', ['-ec', script], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    for await (const data of child.stderr) said += data;
    const [time, user, system] = said.trim().split(/\s+/).map(Number);
    return { time: time!, CPU: user! + system!, proof: await digestOf(file) };
  };

const isInstalled = (name: string) =>
  (process.env.PATH ?? '').split(':').some((bin) => existsSync(path.join(bin, name)));

const clients: Job['clients'] = {
  get: program('"$NODE" "$CLI" get "$URL" -o "$FILE" --quiet'),
  download: within((url, file) => files.download(url, file)),
  'download, resume': within((url, file) => files.download(url, file, { resume: true })),
  'http.get': within(async (url, file) => {
    const [response] = (await once(http.get(url), 'response')) as [http.IncomingMessage];
    await pipeline(response, createWriteStream(file));
  }),
  got: within((url, file) => pipeline(got.stream(url), createWriteStream(file))),
  'undici.request': within(async (url, file) => pipeline((await request(url)).body, createWriteStream(file))),
  ...(isInstalled('curl') && {
    curl: program('curl -s -o "$FILE" "$URL"'),
    'curl, sha256sum': program('curl -s -o "$FILE" "$URL" && sha256sum "$FILE"'),
  }),
  ...(isInstalled('wget') && { wget: program('wget -q -O "$FILE" "$URL"') }),
  ...(isInstalled('aria2c') && { aria2c: program('aria2c -q -d "$(dirname "$FILE")" -o file "$URL"') }),
};

const WHY =
  'Both ends hash, 0.6 s of CPU each, where curl and its server need 1.3 to 1.7 in all, on the same two cores: see [the notes](notes/files.txt).';
export const job: Job = {
  measured: 'client',
  servers: { serve },
  clients,
  sides: Object.fromEntries(Object.keys(clients).map((name) => [name, ['serve', name]])),
  rows: [
    { title: 'get, beside curl -o', ours: 'get', theirs: 'curl', by: 'time', target: 1.8, why: WHY },
    {
      title: 'get, beside curl and then sha256sum',
      ours: 'get',
      theirs: 'curl, sha256sum',
      by: 'time',
      target: 0.5,
      why: WHY,
    },
    { title: 'download(), beside curl -o', ours: 'download', theirs: 'curl', by: 'time', target: 1.8, why: WHY },
    { title: 'the same with resume', ours: 'download, resume', theirs: 'curl', by: 'time', target: 2.2, why: WHY },
    { title: 'download(), beside curl -o: CPU', ours: 'download', theirs: 'curl', by: 'CPU' },
    { title: 'download(), beside got.stream: CPU', ours: 'download', theirs: 'got', by: 'CPU' },
    { title: 'download(), beside http.get into a file', ours: 'download', theirs: 'http.get', by: 'time' },
    { title: 'download(), beside got.stream into a file', ours: 'download', theirs: 'got', by: 'time' },
    { title: 'download(), beside undici.request into a file', ours: 'download', theirs: 'undici.request', by: 'time' },
    { title: 'download(), beside wget', ours: 'download', theirs: 'wget', by: 'time' },
    { title: 'download(), beside aria2c', ours: 'download', theirs: 'aria2c', by: 'time' },
  ],
  work: { warmUp: 1, quick: 128, full: 1024 },
  runs: 3,
};
const SIZES = Object.values(job.work);
