/**
 * The charts as one SVG, one below the other: a group of bars for each size or shape, the peers side by side, on a log
 * scale. It brings its own ground, light or dark as the reader prefers.
 */
import type { Chart } from './report.ts';
import { formatNumber } from './wire/tables.ts';

const WIDTH = 900;
/** With room for the longest legend, which is wider than its chart. */
const CANVAS_WIDTH = 1200;
const MARGIN = 16;
const AXIS_WIDTH = 52;
const PLOT_HEIGHT = 170;
/** Room for the figures that stand on the bars, written upwards. */
const FIGURE_HEIGHT = 44;
const TITLE_HEIGHT = 44;
const LABEL_HEIGHT = 40;
const CHART_HEIGHT = TITLE_HEIGHT + FIGURE_HEIGHT + PLOT_HEIGHT + LABEL_HEIGHT;
const GROUP_GAP = 12;
const MAX_BAR_WIDTH = 22;
const LEGEND_CHARACTER = 6.6;

/** One a peer, in the order of the legend; each can be told from the ground and from its neighbour in both themes. */
const COLORS = ['#1a7f37', '#3373c4', '#b35900', '#8250df', '#bf3989', '#57606a', '#0b7a75', '#a40e26'];
const DARK_COLORS = ['#3fb950', '#6cb0ff', '#f0983e', '#b392f0', '#f778ba', '#9da7b3', '#39c5bb', '#ff7b72'];

const STYLE = `
  svg { color: #1f2328; font: 12px system-ui, sans-serif; }
  text { fill: currentColor; }
  .ground { fill: #ffffff; }
  .title { font-weight: 600; font-size: 14px; }
  .figure { font-size: 9.5px; }
  .rule { stroke: currentColor; stroke-opacity: 0.15; }
${COLORS.map((color, i) => `  .c${i} { fill: ${color}; }`).join('\n')}
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; }
    .ground { fill: #0d1117; }
${DARK_COLORS.map((color, i) => `    .c${i} { fill: ${color}; }`).join('\n')}
  }`;

export function toSvg(charts: readonly Chart[], about: string): string {
  const height = 2 * MARGIN + charts.length * CHART_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${CANVAS_WIDTH} ${height}" width="${CANVAS_WIDTH}" height="${height}" role="img" aria-labelledby="title about">`,
    '<title id="title">Benchmark results</title>',
    `<desc id="about">The figures of results.md as bars, on a log scale. ${escaped(about)}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${CANVAS_WIDTH}" height="${height}" rx="6"/>`,
    ...charts.map((chart, i) => drawChart(chart, MARGIN + i * CHART_HEIGHT)),
    '</svg>',
    '',
  ].join('\n');
}

function drawChart({ title, unit, groups }: Chart, top: number): string {
  const peers = [...new Set(groups.flatMap(({ bars }) => bars.map(({ label }) => label)))];
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value)).filter((value) => value > 0);
  const bottom = top + TITLE_HEIGHT + FIGURE_HEIGHT + PLOT_HEIGHT;
  const scale = logScale(values);
  const groupWidth = (WIDTH - 2 * MARGIN - AXIS_WIDTH) / Math.max(1, groups.length);
  const most = Math.max(1, ...groups.map(({ bars }) => bars.length));
  const barWidth = Math.min(MAX_BAR_WIDTH, (groupWidth - GROUP_GAP) / most);
  const drawn = groups.map(({ label, bars }, i) => {
    const center = MARGIN + AXIS_WIDTH + (i + 0.5) * groupWidth;
    const left = center - (bars.length * barWidth) / 2;
    const boxes = bars.map((bar, j) =>
      drawBar(bar.value, peers.indexOf(bar.label), left + j * barWidth, bottom, barWidth, scale),
    );
    return `<g>${boxes.join('')}<text x="${round(center)}" y="${bottom + 18}" text-anchor="middle">${escaped(label)}</text></g>`;
  });
  return [
    `<text class="title" x="${MARGIN}" y="${top + 16}">${escaped(title)}, ${escaped(unit)}</text>`,
    drawLegend(peers, top + 34),
    ...scale.decades.map((value) => drawRule(value, bottom - scale.heightOf(value))),
    ...drawn,
  ].join('\n');
}

interface Scale {
  decades: number[];
  heightOf(value: number): number;
}

/** From the power of ten below the lowest value to the highest. */
function logScale(values: readonly number[]): Scale {
  const low = Math.floor(Math.log10(Math.min(...values, 1e9)) - 0.1);
  const high = Math.max(low + 1, Math.log10(Math.max(...values, 10 ** (low + 1))));
  const heightOf = (value: number) => Math.max(1, ((Math.log10(value) - low) / (high - low)) * PLOT_HEIGHT);
  return { decades: Array.from({ length: Math.floor(high) - low + 1 }, (_, i) => 10 ** (low + i)), heightOf };
}

function drawBar(value: number, peer: number, x: number, bottom: number, width: number, scale: Scale): string {
  if (!(value > 0)) return '';
  const height = scale.heightOf(value);
  const y = bottom - height;
  const [textX, textY] = [round(x + width / 2 + 3), round(y - 4)];
  return (
    `<rect class="c${peer % COLORS.length}" x="${round(x + 0.5)}" y="${round(y)}" width="${round(width - 1)}" height="${round(height)}"/>` +
    `<text class="figure" x="${textX}" y="${textY}" transform="rotate(-90 ${textX} ${textY})">${formatNumber(value)}</text>`
  );
}

function drawRule(value: number, y: number): string {
  return (
    `<line class="rule" x1="${MARGIN + AXIS_WIDTH}" x2="${WIDTH - MARGIN}" y1="${round(y)}" y2="${round(y)}"/>` +
    `<text class="figure" x="${MARGIN + AXIS_WIDTH - 6}" y="${round(y + 3)}" text-anchor="end">${value.toLocaleString('en-US')}</text>`
  );
}

function drawLegend(peers: readonly string[], y: number): string {
  let x = MARGIN;
  const entries = peers.map((label, i) => {
    const entry =
      `<rect class="c${i % COLORS.length}" x="${round(x)}" y="${y - 9}" width="10" height="10"/>` +
      `<text x="${round(x + 14)}" y="${y}">${escaped(label)}</text>`;
    x += 14 + label.length * LEGEND_CHARACTER + 16;
    return entry;
  });
  return entries.join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (symbol) => `&#${symbol.charCodeAt(0)};`);
}
