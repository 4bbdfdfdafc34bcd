/**
 * The tests of this folder on every Node that we support, and so with the undici inside each; undici 8 runs on Node 22
 * and newer only. Long: with EXHAUSTIVE=long. (`npm run test:nodes -- test/undici` is the same by hand.)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT: string = '../../scripts/node-binary.mjs'; // which has no types
const { nodeBinary, unsupported } = (await import(SCRIPT)) as {
  nodeBinary(version: string): Promise<string>;
  unsupported: string | undefined;
};

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const VERSIONS = ['20.19', '22', '24', '26'];

const why = process.env.EXHAUSTIVE === 'long' ? unsupported : 'it takes minutes; EXHAUSTIVE=long runs it';
if (why !== undefined) console.warn(`SKIPPED: the undici tests on Node ${VERSIONS.join(', ')}: ${why}`);

test.skipIf(why !== undefined).each(VERSIONS)(
  'every test of the folder on Node %s',
  async (version) => {
    const args = [VITEST, 'run', 'test/undici', '--exclude', '**/matrix.test.ts', '--reporter', 'json'];
    const child = spawn(await nodeBinary(version), args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const report = JSON.parse(output.slice(output.indexOf('{')));
    expect(report).toMatchObject({ success: true, numFailedTests: 0 });
    expect(report.numPassedTests).toBeGreaterThan(200);
  },
  600_000,
);
