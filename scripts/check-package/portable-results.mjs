/** Reads what test/web/run-portable.js printed in some runtime, and fails unless every case went well. For the CI. */
import { readFileSync } from 'node:fs';

const results = JSON.parse(readFileSync(0, 'utf8'));
const failed = results.filter(({ error }) => error !== undefined);
for (const { title, error } of failed) console.error(`${title}: ${error}`);
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 && results.length > 20 ? 0 : 1;
