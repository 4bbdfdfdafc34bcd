/** npm run docs: writes docs/api.md from the docstrings. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { ROOT } from '../check-package/subpaths.ts';
import { readReference } from './read.ts';
import { renderReference } from './render.ts';

mkdirSync(`${ROOT}docs`, { recursive: true });
writeFileSync(`${ROOT}docs/api.md`, renderReference(readReference()));
console.log('docs/api.md is written');
