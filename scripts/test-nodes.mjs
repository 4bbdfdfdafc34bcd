/** npm run test:nodes [-- --only 20.19,26] [test files]: the test suite on every Node that we support, one by one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary, unsupported } from './node-binary.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '20.19,22,24,26' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(
    'npm run test:nodes [-- --only 20.19,26] [test files]\n\nRuns the test suite on Node 20.19, 22, 24 and 26.',
  );
  process.exit(0);
}
if (unsupported !== undefined) {
  console.warn(`SKIPPED: the suite on other versions of Node: ${unsupported}`);
  process.exit(0);
}
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
let failed = 0;
for (const version of values.only.split(',')) {
  const binary = await nodeBinary(version);
  console.log(`\n=== Node ${version} ===`);
  const child = spawn(binary, [vitest, 'run', ...positionals], { stdio: 'inherit' });
  const [code] = await once(child, 'close');
  if (code !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
