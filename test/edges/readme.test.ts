/** The first example of the README, with what its two clients say of it, as they stand there. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(HERE, '../..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const [, code] = /^```js\n(.*?)^```$/ms.exec(readme) as unknown as [string, string];
const after = readme.slice(readme.indexOf(code));
const [, shell] = /^```sh\n(.*?)^```$/ms.exec(after) as unknown as [string, string];

test('the first example of the README', async () => {
  const folder = mkdtempSync(join(HERE, 'readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'server.mjs');
  const index = JSON.stringify(join(ROOT, 'dist/node/index.js'));
  const server = code
    .replace("'chunked-trailers'", index)
    .replace('app.listen(8080);', 'const server = app.listen(0, () => console.log(server.address().port));');
  writeFileSync(file, server);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill());
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const address = `127.0.0.1:${String(port).trim()}`;
  const main = join(ROOT, 'dist/cli/main.js');
  const commands = shell
    .replaceAll('127.0.0.1:8080', address)
    .replace('npx chunked-trailers', `"${process.execPath}" "${main}"`);
  const isThere = spawnSync('curl', ['--version']).status === 0;
  if (!isThere) console.warn('SKIPPED: what curl says of the first example: there is no curl on this machine');
  // Each command as it stands; its comments are what it prints, and the exit code that comes after.
  const [curl, get] = commands.split(/(?<=^# \d+.*\n)/m) as [string, string];
  for (const one of isThere ? [curl, get] : [get]) {
    const [command, ...comments] = one.trimEnd().split('\n') as [string, ...string[]];
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    const expected = comments.map((line) => line.slice(2));
    expect(stderr.trimEnd()).toBe(expected[0]);
    expect(stdout.trimEnd()).toBe(/^\d+/.exec(expected[1]!)![0]);
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  expect(files).toEqual(isThere ? ['by-curl.csv'] : []);
});
