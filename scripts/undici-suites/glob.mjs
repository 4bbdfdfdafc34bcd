/** The test files in a folder; node:fs has a globSync from Node 22 on only. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

export function globSync(folder, isDeep) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: isDeep })
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join(folder, name));
}
