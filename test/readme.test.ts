/**
 * The README is run: its snippets as they stand, with another port and file; its tables against the code; and the
 * other way round, every public code, limit and exit code stands in the README.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../src/cli/exit-codes.ts';
import { DEFAULT_LIMITS } from '../src/core/limits.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
const snippets = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);
const CONTENT = 'id,name\n'.repeat(50_000);

let folder: string;
let port: number;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'read me '));
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(ROOT, path.join(folder, 'node_modules', 'chunked-trailers'), 'junction');
  await writeFile(path.join(folder, 'export.csv'), CONTENT);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as { port: number });
  await new Promise((resolve) => server.close(resolve));
});

afterAll(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

describe('the snippets of the README', () => {
  test('the server and the client run as they stand', async () => {
    const [server, , client] = snippets as [string, string, string];
    const serving = await start('server.mjs', server.replace('8080', String(port)));
    await untilListening();
    const { code, output } = await finish(await start('client.mjs', client.replace('8080', String(port))));
    expect(output).toContain('200 complete');
    expect(code).toBe(0);
    expect(await readFile(path.join(folder, 'export.csv'), 'utf8')).toBe(CONTENT);
    expect(serving.exitCode).toBeNull();
  });

  test('describeError as it stands tells the client the details', async () => {
    const [server, describing, client] = snippets as [string, string, string];
    const respond = describing.trim().replace(/;$/, '');
    const other = server
      .replace(/const response = respond\(.*\);/, `const response = ${respond};`)
      .replace("createReadStream('export.csv')", "(async function* () { yield 'half'; throw new Error('no disk'); })")
      .replace('8080', '0')
      .replace('.listen(0)', '.listen(0, function () { console.log(this.address().port); })');
    const serving = await start('failing.mjs', other);
    const [line] = (await once(serving.stdout!, 'data')) as [Buffer];
    const { code, output } = await finish(await start('told.mjs', client.replace('8080', String(line).trim())));
    expect(code).toBe(1);
    expect(output).toContain('The sender reported source_error: no disk');
    expect(output).toContain('ERR_STREAM_FAILED');
  });

  test('the core runs as it stands', async () => {
    const core = `${snippets[3]}\nconsole.log(String.fromCharCode(...body), JSON.stringify(trailers));`;
    const { output } = await finish(await start('core.mjs', core));
    expect(output).toBe('hello [["X-Stream-Status","ok;bytes=5"]]\n');
  });

  test('there is no other', () => {
    expect(snippets).toHaveLength(4);
  });
});

describe('the tables of the README', () => {
  test('every error code of the source is there, and no other', async () => {
    const source = await readFile(path.join(ROOT, 'src/core/errors.ts'), 'utf8');
    const codes = new Set(source.match(/'ERR_[A-Z_]+'/g)!.map((quoted) => quoted.slice(1, -1)));
    // ERR_STREAM_PREMATURE_CLOSE is Node's.
    const written = new Set(readme.match(/ERR_[A-Z_]+/g)!.filter((code) => code !== 'ERR_STREAM_PREMATURE_CLOSE'));
    expect(written).toEqual(codes);
  });

  test('every limit is there with its default', () => {
    const rows = [...readme.matchAll(/^\| `(max\w+)` \| (\w+) \|/gm)].map(([, name, value]) => [name, Number(value)]);
    expect(Object.fromEntries(rows)).toEqual(DEFAULT_LIMITS);
  });

  test('every exit code is there', () => {
    const rows = [...readme.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
    expect(new Set(rows)).toEqual(new Set(Object.values(EXIT)));
  });
});

async function start(name: string, code: string): Promise<ChildProcess> {
  const file = path.join(folder, name);
  await writeFile(file, code);
  const child = spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number; output: string }> {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (output += data));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

async function untilListening(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isUp) return;
    await wait(50); // the process has no way to say that it listens
  }
  throw new Error('The server of the README did not start');
}
