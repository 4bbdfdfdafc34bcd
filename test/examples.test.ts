/** Each framework example is run as its README says, in a process of its own, against its real client. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));
const shell = process.platform === 'win32'; // where npm is a script

beforeAll(async () => {
  if (!existsSync(`${EXAMPLES}node_modules`)) await run('npm', ['ci', '--ignore-scripts'], { cwd: EXAMPLES, shell });
}, 120_000);

describe.each(['express', 'fastify', 'koa', 'hono'])('npm run %s', (framework) => {
  test('shows a whole export and one that fails in the middle', async () => {
    const { stdout } = await run(process.execPath, ['run.js', `${framework}.js`], { cwd: EXAMPLES });
    expect(stdout.trimEnd().split('\n')).toEqual([
      '/export: complete after 1000 rows. The sender sealed it, and its digest agrees',
      '/export?fails: ERR_BODY_FAILED',
      '/export?fails: failed after 499 rows. The sender reported source_error',
    ]);
  });
});

test('npm run replicas: ten kills and two drains, and the copy is identical', { timeout: 300_000 }, async ({
  skip,
}) => {
  if (spawnSync('haproxy', ['-v']).status !== 0) {
    console.warn('SKIPPED: examples/replicas: HAProxy does not run here');
    return skip('HAProxy does not run here');
  }
  const { stdout } = await run(process.execPath, ['replicas/run.js'], { cwd: EXAMPLES });
  const lines = stdout.trimEnd().split('\n');
  const ends = lines.filter((line) => line.startsWith('complete'));
  expect(new Set(ends)).toEqual(new Set(['complete, identical, nothing fetched twice']));
  expect(lines.at(-1)).toBe('11 killed, 2 drained');
  expect(lines).toContain('goes on: ERR_BODY_FAILED'); // a drain says so
});
