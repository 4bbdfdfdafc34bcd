/** Whether the Decoder's time is linear in what it is given: the exponent of time against size, for messages that grow. */
import { fitExponent, type Point } from './fit.ts';
import { GROWING, type Growing } from './growth.ts';
import type { GrowthTask } from './growth-child.ts';
import { linesFrom } from './processes.ts';
import type { Ratio, Section } from './report.ts';
import { formatValue, judgeRatio } from './wanted.ts';
import { toTable } from './wire/tables.ts';

/** What the project wants of the drip is wanted of all. */
const MAX_EXPONENT = 1.1;
const PASSES = { full: 12, quick: 4 };

const ABOUT =
  'The CPU time that the Decoder takes for messages that grow, the best of several samples for each size, and the ' +
  'exponent of time against size: the slope of a straight line through the logarithms, the median of those between any two sizes. 1 is linear. ' +
  'A fixed cost for each message makes it smaller.';

export async function measureLinear(quick: boolean, log: (line: string) => void): Promise<Section> {
  const passes = quick ? PASSES.quick : PASSES.full;
  const fits: { growing: Growing; points: Point[]; ratio: Ratio }[] = [];
  for (const growing of GROWING) {
    const task: GrowthTask = { name: growing.name, passes };
    for await (const line of linesFrom('growth-child.ts', task)) {
      const points = line as Point[];
      const ratio = { id: `linear/${growing.name}/exponent`, value: fitExponent(points), atMost: MAX_EXPONENT };
      log(`linear, ${growing.name}: exponent ${ratio.value.toFixed(2)}`);
      fits.push({ growing, points, ratio });
    }
  }
  const rows = fits.map(({ growing, points, ratio }) => [
    growing.title,
    `${formatSize(points[0]!.size)} – ${formatSize(points.at(-1)!.size)}`,
    nanoseconds(points[0]!),
    nanoseconds(points.at(-1)!),
    `${formatValue(ratio.value)} (wanted ≤ ${MAX_EXPONENT}: ${judgeRatio(ratio)})`,
  ]);
  const header = ['what grows', 'sizes', 'ns an octet, smallest', 'ns an octet, largest', 'exponent'];
  const perOctet = (name: string) => nanosecondsAt(fits, name, 256 * 1024);
  const toBulk = perOctet('drip') / perOctet('chunks');
  const drip =
    `At 256 KiB an octet that comes alone takes ${formatValue(toBulk)} times what it takes in reads of 64 KiB, both in ` +
    '16-octet chunks: it is the price of a call for every octet.';
  return {
    name: 'linear',
    markdown: [ABOUT, toTable(header, rows), drip].join('\n\n'),
    ratios: [...fits.map(({ ratio }) => ratio), { id: 'linear/drip/chunks', value: toBulk }],
    charts: [],
  };
}

function nanosecondsAt(fits: readonly { growing: Growing; points: Point[] }[], name: string, size: number): number {
  const point = fits.find(({ growing }) => growing.name === name)!.points.find((candidate) => candidate.size === size)!;
  return (1e9 * point.seconds) / point.size;
}

function nanoseconds({ size, seconds }: Point): string {
  return formatValue((1e9 * seconds) / size);
}

function formatSize(octets: number): string {
  return octets < 16384 ? `${octets}` : `${octets / 1024} KiB`;
}
