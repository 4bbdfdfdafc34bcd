/**
 * The table as an SVG: a row a version, a column a way of noticing. Each cell has a shape or a word besides its colour,
 * drawn, so that no font need have it. It brings its own ground, light or dark as the reader prefers.
 */

import { type Cell, cellOf, WAYS } from './readings.ts';
import type { Row } from './record.ts';

const CELL = { width: 62, height: 18, gap: 2 };
const LABEL_WIDTH = 76;
const HEADER_HEIGHT = 112;
const MAJOR_GAP = 6;
const MARGIN = 16;

const STYLE = `
  svg { color: #1f2328; font: 12px system-ui, sans-serif; }
  .ground { fill: #ffffff; }
  .tells { fill: #1a7f37; }
  .silent { fill: #c93c37; }
  .mixed, .stuck { fill: #8a5a00; }
  .absent { fill: #8c959f; fill-opacity: 0.28; }
  .mark { fill: none; stroke: #ffffff; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
  .word { fill: #ffffff; font-size: 11px; text-anchor: middle; }
  .dash { stroke: currentColor; stroke-opacity: 0.6; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; }
    .ground { fill: #0d1117; }
  }`;

const [MIDDLE, CENTER] = [CELL.width / 2, CELL.height / 2];

const MARKS: Partial<Record<Cell['kind'], string>> = {
  tells: `<path id="tells-mark" class="mark" d="M${MIDDLE - 5} ${CENTER}l3.5 4l7 -8"/>`,
  silent: `<path id="silent-mark" class="mark" d="M${MIDDLE - 4} ${CENTER - 4}l8 8m0 -8l-8 8"/>`,
  absent: `<path id="absent-mark" class="mark dash" d="M${MIDDLE - 4} ${CENTER}h8"/>`,
};

const DEFINITIONS = `<rect id="box" width="${CELL.width}" height="${CELL.height}" rx="3"/>${Object.values(MARKS).join('')}`;

const LEGEND: readonly [Cell, string][] = [
  [{ kind: 'tells', text: '' }, 'differs from a complete response'],
  [{ kind: 'silent', text: '' }, 'the same as a complete response'],
  [{ kind: 'mixed', text: 'RST' }, 'differs for this framing or ending only'],
  [{ kind: 'absent', text: '' }, 'not to be had on the version'],
];

export function toSvg(rows: readonly Row[]): string {
  const bodies: string[] = [];
  let y = MARGIN + HEADER_HEIGHT;
  let major = rows[0]?.version.split('.')[0];
  for (const row of rows) {
    const next = row.version.split('.')[0];
    if (next !== major) y += MAJOR_GAP;
    major = next;
    bodies.push(rowAt(row, y));
    y += CELL.height + CELL.gap;
  }
  const legendTop = y + 14;
  const width = MARGIN + LABEL_WIDTH + WAYS.length * (CELL.width + CELL.gap) + MARGIN + 40;
  const height = legendTop + 2 * (CELL.height + 6) + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title about">`,
    '<title id="title">What tells of a truncated response, by Node version</title>',
    '<desc id="about">The table of truncation-by-node-version.md as a picture.</desc>',
    `<style>${STYLE}\n</style>`,
    `<defs>${DEFINITIONS}</defs>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    ...WAYS.map(({ name }, i) => heading(name, xOf(i) + CELL.width / 2, MARGIN + HEADER_HEIGHT - 8)),
    ...bodies,
    ...LEGEND.map(([cell, text], i) => legend(cell, text, legendTop, i)),
    '</svg>',
    '',
  ].join('\n');
}

function rowAt(row: Row, y: number): string {
  const baseline = y + CELL.height - 5;
  const cells = WAYS.map((way, i) => draw(cellOf(way, row), xOf(i), y));
  const label = `<text x="${MARGIN + LABEL_WIDTH - 10}" y="${baseline}" text-anchor="end" fill="currentColor">${row.version}</text>`;
  return `<g>${label}${cells.join('')}</g>`;
}

/** A cell with its mark, and beside it its word; a long word takes all the room. */
function draw({ kind, text }: Cell, x: number, y: number): string {
  const word = kind === 'stuck' ? kind : text;
  const hasMark = kind in MARKS && word.length <= 4;
  const mark = `<use href="#${kind}-mark" x="${word ? x - 14 : x}" y="${y}"/>`;
  const center = x + MIDDLE + (hasMark ? 9 : 0);
  const words = `<text class="word" x="${center}" y="${y + CELL.height - 5}">${word}</text>`;
  return `<use href="#box" class="${kind}" x="${x}" y="${y}"/>${hasMark ? mark : ''}${word ? words : ''}`;
}

function heading(name: string, x: number, y: number): string {
  return `<text x="${x}" y="${y}" transform="rotate(-40 ${x} ${y})" fill="currentColor">${plain(name)}</text>`;
}

function legend(cell: Cell, text: string, top: number, i: number): string {
  const x = MARGIN + LABEL_WIDTH + (i % 2) * 420;
  const y = top + Math.floor(i / 2) * (CELL.height + 6);
  const words = `<text x="${x + CELL.width + 8}" y="${y + CELL.height - 5}" fill="currentColor">${text}</text>`;
  return draw(cell, x, y) + words;
}

function xOf(column: number): number {
  return MARGIN + LABEL_WIDTH + column * (CELL.width + CELL.gap);
}

function plain(name: string): string {
  return name.replaceAll('`', '');
}
