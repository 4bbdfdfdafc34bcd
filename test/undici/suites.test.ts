/** `npm run undici:suites`, where the source of undici cannot be had: it says so, with an exit code of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/undici-suites/run.mjs', import.meta.url));

test('no repository there: exit code 3', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'undici-suites-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const source = path.join(folder, 'nothing');
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--source', source, '--versions', '7.0.0'], {
    env: { ...process.env, XDG_CACHE_HOME: folder },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining('cannot be had') });
});
