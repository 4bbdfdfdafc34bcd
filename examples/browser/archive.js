/** The archive that the page downloads: a file of 12 MB, made anew at each start and removed at the end. */
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HEADING, row } from './orders.js';

const ROWS = 300_000;

export async function makeArchive() {
  const folder = await mkdtemp(path.join(tmpdir(), 'browser-example-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit());
  const file = path.join(folder, 'archive.csv');
  const text = HEADING + Array.from({ length: ROWS }, (_, index) => row(index + 1)).join('');
  await writeFile(file, text);
  return { file, bytes: Buffer.byteLength(text) };
}
