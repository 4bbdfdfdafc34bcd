/**
 * bench/results.svg: how far each figure of a page is from its target. Bars to the left of the line are better than wanted;
 * the scale doubles from mark to mark. Greys and colours that can be read on white and on black.
 */
import { readPage } from './page.ts';

const WIDTH = 900;
const ROW = 18;
const TOP = 30;
/** Where the target is, and how far a factor of two goes. */
const MIDDLE = 680;
const DOUBLE = 100;
/** No bar is longer: a factor of 4 to the left, of 4 to the right. */
const MOST = 2;
const TEXT = '#7d7d7d';
const MET = '#2e8b57';
const MISSED = '#d2691e';

export function toPicture(page: string): string {
  const bars = readPage(page).flatMap(({ title, target, best, isSpeed }) => {
    if (target === undefined) return [];
    const ratio = isSpeed ? target / best : best / target;
    return [{ title, ratio, label: `${format(best)} (${isSpeed ? '≥' : '≤'} ${target})` }];
  });
  const height = TOP + bars.length * ROW + 8;
  const marks = [-2, -1, 0, 1, 2].map((power) => {
    const x = MIDDLE + power * DOUBLE;
    const name = power === 0 ? 'target' : power < 0 ? `${2 ** -power} × better` : `${2 ** power} × worse`;
    const line = `<path d="M${x} ${TOP - 6}V${height - 4}" stroke="${TEXT}" stroke-width="${power === 0 ? 1.5 : 0.4}"/>`;
    return `${line}<text x="${x}" y="${TOP - 12}" text-anchor="middle">${name}</text>`;
  });
  const rows = bars.map(({ title, ratio, label }, i) => {
    const y = TOP + i * ROW;
    const length = Math.max(-MOST, Math.min(MOST, Math.log2(Math.max(ratio, 1e-9)))) * DOUBLE;
    const from = Math.min(MIDDLE, MIDDLE + length);
    const color = ratio <= 1 ? MET : MISSED;
    const bar = `<rect x="${from.toFixed(1)}" y="${y + 3}" width="${Math.abs(length).toFixed(1)}" height="11" fill="${color}"/>`;
    return `${bar}<text x="4" y="${y + 12}">${escaped(shorten(title))}<title>${escaped(`${title}: ${label}`)}</title></text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11" fill="${TEXT}">
<title>How far each figure is from its target</title>
${[...marks, ...rows].join('\n')}
</svg>
`;
}

const MAX_TITLE = 84;
const shorten = (title: string) => (title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1)}…` : title);
const format = (value: number) => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));
const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
