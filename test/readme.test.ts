/**
 * The README is run: its snippets as they stand, with another port and file; its tables against the code; and the
 * other way round, every public code, limit and exit code stands in the README.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../src/cli/exit-codes.ts';
import { DEFAULT_LIMITS } from '../src/core/limits.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
const snippets = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);
const CONTENT = 'id,name\n'.repeat(50_000);

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'read me '));
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(ROOT, path.join(folder, 'node_modules', 'chunked-trailers'), 'junction');
  await symlink(path.join(ROOT, 'node_modules', 'undici'), path.join(folder, 'node_modules', 'undici'), 'junction');
  await writeFile(path.join(folder, 'export.csv'), CONTENT);
});

afterAll(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

/** In the order of the README; the first is run where Express is: test/edges/readme.test.ts. */
const [, httpServer, rawServer, describing, httpClient, downloading, fetching, rawClient, relaying, core, page] =
  snippets as [...[string, string, string, string, string, string, string, string, string, string, string]];

describe('the snippets of the README', () => {
  test.each([
    ['node:http', httpServer],
    ['a raw socket', rawServer],
  ])('the server on %s and both clients run as they stand', async (_name, server) => {
    const serving = await listening(server);
    await rm(path.join(folder, 'copy.csv'), { force: true });
    const verified = await finish(await start('verify.mjs', toPort(httpClient, serving.port)));
    expect(verified).toEqual({ code: 0, output: 'complete\n' });
    expect(await readFile(path.join(folder, 'copy.csv'), 'utf8')).toBe(CONTENT);
    const received = await finish(await start('receive.mjs', toPort(rawClient, serving.port)));
    expect(received).toEqual({ code: 0, output: `200 ${CONTENT.length} complete\n` });
    expect(serving.child.exitCode).toBeNull();
  });

  test('the relay runs as it stands', async () => {
    const origin = await listening(httpServer);
    const front = await listening(toPort(relaying, origin.port).replace('8081', '8080'));
    const { output } = await finish(await start('behind.mjs', toPort(rawClient, front.port)));
    expect(output).toBe(`200 ${CONTENT.length} complete\n`);
  });

  test('the download runs as it stands', async () => {
    const { port } = await listening(httpServer);
    await rm(path.join(folder, 'copy.csv'), { force: true });
    const { output } = await finish(await start('download.mjs', toPort(downloading, port)));
    expect(output).toBe('complete\n');
    expect(await readFile(path.join(folder, 'copy.csv'), 'utf8')).toBe(CONTENT);
  });

  test('fetch through the interceptor as it stands, whole and failing', async () => {
    const { port } = await listening(httpServer);
    const whole = await finish(await start('fetch.mjs', toPort(fetching, port)));
    expect(whole.output).toBe(`${CONTENT.length}\ncomplete\n`);
    const failing = httpServer.replace(
      "createReadStream('export.csv')",
      "(async function* () { yield 'half'; throw new Error('no disk'); })",
    );
    const broken = await listening(failing);
    const failed = await finish(await start('fetch-failed.mjs', toPort(fetching, broken.port)));
    expect(failed.output).toBe('ERR_BODY_FAILED The sender reported source_error\nfailed\n');
  });

  test('describeError as it stands tells the client the details', async () => {
    const failing = httpServer
      .replace("createReadStream('export.csv')", "(async function* () { yield 'half'; throw new Error('no disk'); })")
      .replace('respond(res)', describing.trim().replace(/;$/, ''));
    const { port } = await listening(failing);
    await rm(path.join(folder, 'copy.csv'), { force: true });
    const { output } = await finish(await start('told.mjs', toPort(httpClient, port)));
    expect(output).toBe('ERR_BODY_FAILED The sender reported source_error: no disk\nfailed\n');
    await expect(readFile(path.join(folder, 'copy.csv'))).rejects.toThrow('ENOENT');
  });

  test('the core runs as it stands', async () => {
    const code = `${core}\nconsole.log(String.fromCharCode(...body), JSON.stringify(trailers));`;
    const { output } = await finish(await start('core.mjs', code));
    expect(output).toBe('hello [["X-Stream-Status","ok;bytes=5"]]\n');
  });

  test('the page’s decoder runs as it stands, with the option that is written before it', async () => {
    const option = /`respond\(res, (\{ framing: .*?\})\)`/.exec(readme)![1]!;
    const server = httpServer
      .replace('respond(res)', `respond(res, ${option})`)
      .replace('import { respond }', 'import { acceptsInContent, respond }');
    const { port } = await listening(server);
    const { output } = await finish(await start('page.mjs', page.replace('localhost:8080', `127.0.0.1:${port}`)));
    expect(output).toBe(`${CONTENT.length} complete\n`);
  });

  test('there is no other', () => {
    expect(snippets).toHaveLength(11);
  });
});

describe('the tables of the README', () => {
  test('every error code of the source is there, and no other', async () => {
    const sources = ['src/core/errors.ts', 'src/core/verdict.ts'].map((file) =>
      readFile(path.join(ROOT, file), 'utf8'),
    );
    const source = (await Promise.all(sources)).join();
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

/** Starts a server snippet on a free port, which it is made to print. */
async function listening(server: string): Promise<{ child: ChildProcess; port: number }> {
  const code = server.replace('.listen(8080)', '.listen(0, function () { console.log(this.address().port); })');
  const child = await start(`server-${children.length}.mjs`, code);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(String(line)) };
}

function toPort(client: string, port: number): string {
  return client.replace('8080', String(port));
}
