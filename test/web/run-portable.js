/** Runs portable.js in this runtime and prints what came of it, as JSON: node|bun|deno run-portable.js <module URL> */
import { createHash } from 'node:crypto';
import process from 'node:process';
import { run } from './portable.js';

const web = await import(process.argv[2]);
const results = await run(web, (algorithm) => createHash(algorithm.replace('-', '')));
console.log(JSON.stringify(results));
process.exit(0); // streams that were left open on purpose are still there
