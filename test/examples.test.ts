/** Each example is run as its README says, in a process of its own. The page is in test/web/browser-example.test.ts. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));
const shell = process.platform === 'win32'; // where npm is a script
const SERVERS = ['raw', 'express', 'fastify', 'koa', 'hono'];

beforeAll(async () => {
  if (!existsSync(`${EXAMPLES}node_modules`)) await run('npm', ['ci', '--ignore-scripts'], { cwd: EXAMPLES, shell });
}, 120_000);

describe.each(SERVERS)('npm run %s', (name) => {
  test('shows a whole export and one that fails in the middle', async () => {
    const { stdout, stderr } = await run('npm', ['run', '--silent', name], { cwd: EXAMPLES, shell });
    const [origin] = /^http:\/\/localhost:\d+/.exec(stdout)!;
    expect(stdout.trimEnd().split('\n')).toEqual([
      `${origin}/export: complete after 1000 rows. The sender sealed it, and its digest agrees`,
      `${origin}/export?fails: ERR_BODY_FAILED`,
      `${origin}/export?fails: failed after 499 rows. The sender reported source_error`,
    ]);
    expect(stderr).toMatch(/^\/export(\?fails)? the database went away\n$/);
  });

  test('by itself it says its address, serves the client, and ends on Ctrl-C', async () => {
    const env = { ...process.env, PORT: '0' };
    const server = spawn(process.execPath, [`${name}.js`], { cwd: EXAMPLES, env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const url = String(line).trim();
    expect(url).toMatch(/^http:\/\/localhost:\d+\/export$/);
    const client = (target: string) => run(process.execPath, ['client.js', target], { cwd: EXAMPLES });
    expect((await client(url)).stdout).toContain('complete after 1000 rows');
    await expect(client(`${url}?fails`)).rejects.toMatchObject({ code: 1 });
    const gone = once(server, 'exit');
    server.kill('SIGINT');
    await gone;
    await expect(client(url)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
  });
});

test('npm run throughput: a figure for each size of chunk', { timeout: 60_000 }, async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'throughput'], { cwd: EXAMPLES, shell });
  const rows = stdout.trimEnd().split('\n').slice(3);
  expect(rows.map((row) => row.trim().split(/ {2,}/)[0])).toEqual(['16', '256', '4,096']);
  for (const row of rows) expect(row).toMatch(/^( +[1-9][\d,]*){4}$/);
});

test('the README names every command, and no other', async () => {
  const { scripts } = JSON.parse(await readFile(`${EXAMPLES}package.json`, 'utf8'));
  const readme = await readFile(`${EXAMPLES}README.md`, 'utf8');
  const table = readme.slice(0, readme.indexOf('The servers stream'));
  const named = [...table.matchAll(/`(?:npm run )?([a-z]+)(?: --[^`]*)?`(?=,| or| \|)/g)].map(([, name]) => name!);
  expect(named.sort()).toEqual(Object.keys(scripts).sort());
});

test('npm run replicas: ten kills and two drains, and the copy is identical', { timeout: 300_000 }, async ({
  skip,
}) => {
  if (!hasHaproxy()) return skip('HAProxy does not run here');
  const { stdout } = await run(process.execPath, ['replicas/run.js'], { cwd: EXAMPLES });
  const lines = stdout.trimEnd().split('\n');
  const ends = lines.filter((line) => line.startsWith('complete'));
  expect(new Set(ends)).toEqual(new Set(['complete, identical, nothing fetched twice']));
  expect(lines.at(-1)).toBe('11 killed, 2 drained');
  expect(lines).toContain('goes on: ERR_BODY_FAILED'); // a drain says so
});

test('npm run replicas: Ctrl-C stops what was started, and removes what was made', { timeout: 60_000 }, async ({
  skip,
}) => {
  if (!hasHaproxy()) return skip('HAProxy does not run here');
  const folder = await mkdtemp(path.join(tmpdir(), 'interrupted-'));
  const env = { ...process.env, TMPDIR: folder, TEMP: folder };
  const child = spawn(process.execPath, ['replicas/run.js'], { cwd: EXAMPLES, env, stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child.stdout, 'data'); // the download has begun
  // To this process alone. Its replicas have its standard error, so they are gone when that has closed.
  const closed = once(child.stderr.resume(), 'close');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
  await closed;
  expect(await readdir(folder)).toEqual([]);
  await rmdir(folder);
});

/** Said aloud if not. */
function hasHaproxy(): boolean {
  const runs = spawnSync('haproxy', ['-v']).status === 0;
  if (!runs) console.warn('SKIPPED: examples/replicas: HAProxy does not run here');
  return runs;
}
