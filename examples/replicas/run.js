/**
 * node run.js: a big download through HAProxy, while the replica that serves it is killed, drained, or stopped, again and
 * again, and replaced each time. What has come in the end is compared with the file; and again, until every signal was sent.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, rmSync } from 'node:fs';
import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { download } from 'chunked-trailers/files';

const SIZE = 192 << 20;
/** Bytes a second of the line between client and HAProxy. Without it the file would be there before anybody could be killed. */
const RATE = 24 << 20;
/** Bytes of progress between two signals. */
const STEP = 4 << 20;
const SIGNALS = [
  ...['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGSTOP', 'SIGKILL', 'SIGKILL', 'SIGTERM'],
  ...['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL'],
];

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'replicas-'));
const running = [];
/** However this ends: what was started is stopped, also if it hangs, and what was made is removed. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const file = path.join(folder, 'archive.bin');
const source = await open(file, 'w');
for (let bytes = 0; bytes < SIZE; bytes += 1 << 20) await source.write(randomBytes(1 << 20));
await source.close();
const sha256 = await digestOf(file);
await writeFile(`${file}.sha256`, sha256);

async function digestOf(name) {
  const hash = createHash('sha256');
  for await (const data of createReadStream(name)) hash.update(data);
  return hash.digest('hex');
}

/** A replica on its port, replaced by a new process whenever it has ended. */
class Replica {
  isStopping = false;
  #ended;

  constructor(name, port) {
    this.name = name;
    this.port = port;
  }

  /** Resolves when it listens. */
  start() {
    this.open = 0;
    this.process = spawn(process.execPath, [here('server.js'), file, String(this.port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(this.process);
    this.#ended = once(this.process, 'exit');
    return new Promise((resolve) => {
      createInterface(this.process.stdout).on('line', (line) => {
        if (line === 'listens') return resolve();
        this.open += line.startsWith('begins') ? 1 : -1;
        console.log(`  ${this.name} ${line}`);
      });
    });
  }

  async end(signal) {
    this.process.kill(signal);
    if (signal === 'SIGSTOP') {
      await sleep(3000); // it hangs, until HAProxy and the client have given it up
      this.process.kill('SIGKILL');
    }
    await this.#ended;
    this.open = 0;
  }
}

/** A port that the system gives to nobody who asks for any. */
async function freePort() {
  for (;;) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 10_000), '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** A slow line: what goes in comes out, no faster than RATE; an end that breaks off does so on the other side too. */
function slowLine(to) {
  const line = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    near.pipe(far);
    far.on('data', (data) => {
      line.bytes += data.length;
      near.write(data);
      far.pause();
      setTimeout(() => far.resume(), (data.length / RATE) * 1000);
    });
    far.on('end', () => near.end());
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on('error', () => other.destroy()).on('close', () => one.errored && other.destroy());
    }
  });
  line.bytes = 0;
  return line;
}

const replicas = [];
for (const name of ['a', 'b', 'c']) replicas.push(new Replica(name, await freePort()));
await Promise.all(replicas.map((replica) => replica.start()));
const front = await freePort();
const [A, B, C] = replicas.map(({ port }) => String(port));
const haproxy = spawn('haproxy', ['-db', '-f', here('haproxy.cfg')], {
  env: { ...process.env, FRONT: String(front), A, B, C },
  stdio: 'ignore',
});
running.push(haproxy);
haproxy.on('error', (error) => {
  console.error(`HAProxy does not run here: ${error.message}`);
  process.exit(2);
});
const line = slowLine(front);
await once(line.listen(0, '127.0.0.1'), 'listening');
await sleep(500); // the first health checks

const signals = [...SIGNALS];
const sent = [];
let next = STEP;
let isBusy = false;
let disturbing;
async function disturb() {
  const serving = replicas.find(({ open }) => open > 0);
  if (serving === undefined) return;
  const signal = signals.shift();
  isBusy = true;
  sent.push(signal);
  console.log(`${signal} for ${serving.name}`);
  await serving.end(signal);
  await serving.start();
  isBusy = false;
}

const target = path.join(folder, 'copy.bin');

/** @returns whether the copy is identical and nothing was fetched twice */
async function downloadOnce() {
  let furthest = 0;
  let hasGoneBack = false;
  next = STEP;
  line.bytes = 0;
  const verdict = await download(`http://127.0.0.1:${line.address().port}/archive.bin`, target, {
    require: 'always',
    idleTimeout: 1500,
    retries: 20,
    retryDelay: () => 200,
    onRetry: (error) => console.log(`goes on: ${error.code}`),
    onProgress: ({ bytes }) => {
      hasGoneBack ||= bytes < furthest;
      furthest = Math.max(furthest, bytes);
      if (isBusy || signals.length === 0 || bytes < next) return;
      next = bytes + STEP;
      disturbing = disturb();
    },
  });
  await disturbing; // the last to be replaced
  const isSame = (await digestOf(target)) === sha256;
  const heads = line.bytes - SIZE;
  const isTwice = hasGoneBack || heads > 1 << 20;
  console.log(
    `${verdict.kind}, ${isSame ? 'identical' : 'DIFFERENT'}, ${isTwice ? 'FETCHED TWICE' : 'nothing fetched twice'}`,
  );
  return isSame && !isTwice;
}

let isGood = true;
while (isGood && signals.length > 0) isGood = await downloadOnce();
const kills = sent.filter((signal) => signal !== 'SIGTERM').length;
console.log(`${kills} killed, ${sent.length - kills} drained`);
process.exit(isGood ? 0 : 1);
