#!/usr/bin/env node
/** The program. Older versions of Node cannot load the rest: they are told so, before any of it is imported. */
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const needed: string = engines.node.replace('>=', '');
const [major, minor] = numbersOf(needed) as [number, number];
const [ourMajor, ourMinor] = numbersOf(process.versions.node) as [number, number];

if (ourMajor < major || (ourMajor === major && ourMinor < minor)) {
  process.stderr.write(`error: chunked-trailers needs Node ${needed} or newer, this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  await import('./command-line.ts'); // awaited, so that a promise that never settles is still exit code 13
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number);
}
