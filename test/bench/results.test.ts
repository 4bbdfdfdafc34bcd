import { describe, expect, it } from 'vitest';
import { fitExponent } from '../../bench/fit.ts';
import { bestOf, medianOf } from '../../bench/measurement.ts';
import { toSvg } from '../../bench/picture.ts';
import type { Section } from '../../bench/report.ts';
import { toJson, toMarkdown } from '../../bench/results.ts';
import { toSection } from '../../bench/sections.ts';
import type { SuiteFile } from '../../bench/suite.ts';
import { judgeRatio, wantedTable } from '../../bench/wanted.ts';

describe('fitExponent', () => {
  it.each([0, 0.5, 1, 1.1, 2])('finds size^%d', (exponent) => {
    const points = [16, 64, 256, 1024].map((size) => ({ size, seconds: 3e-9 * size ** exponent }));
    expect(fitExponent(points)).toBeCloseTo(exponent, 10);
  });

  it('tells a quadratic cost that lies on top of a linear one', () => {
    const points = [1, 2, 4, 8, 16].map((size) => ({ size, seconds: size + 0.1 * size * size }));
    expect(fitExponent(points)).toBeGreaterThan(1.1);
  });
});

it('the best sample is the lowest, the median the one in the middle', () => {
  expect(bestOf([3, 1, 2])).toBe(1);
  expect(medianOf([3, 1, 2])).toBe(2);
  expect(medianOf([4, 1, 2, 3])).toBe(2.5);
});

describe('judgeRatio', () => {
  it.each([
    [{ value: 2, atLeast: 2 }, 'met'],
    [{ value: 1.5, atLeast: 2 }, 'missed by 25 %'],
    [{ value: 1.96, atLeast: 2 }, 'missed by 2.0 %'],
    [{ value: 1.1, atMost: 1.1 }, 'met'],
    [{ value: 2.2, atMost: 1.1 }, 'missed by 100 %'],
    [{ value: Number.NaN, atLeast: 1 }, 'missed by NaN %'],
  ])('%j: %s', (ratio, expected) => {
    expect(judgeRatio({ id: 'a', ...ratio })).toBe(expected);
  });
});

const suite: SuiteFile = {
  name: 'thing',
  about: 'About.',
  caveat: 'Little.',
  shapes: [
    { name: '16', title: '16 octets', make: () => expect.unreachable() },
    { name: '64', title: '64 octets', make: () => expect.unreachable() },
  ],
  implementations: [
    { name: 'ours', label: 'Ours', load: () => expect.unreachable() },
    { name: 'peer', label: 'Peer', load: () => expect.unreachable() },
    { name: 'gone', label: 'Gone', load: () => expect.unreachable() },
  ],
  comparisons: [
    { name: 'peer', of: 'ours', over: 'peer', atLeast: { 16: 5 } },
    { name: 'gone', of: 'ours', over: 'gone', atLeast: { 16: 5 } },
    { name: 'own', of: 'peer', over: 'ours', shapes: ['64'] },
  ],
  createSuite: () => expect.unreachable(),
};

/** 1e-8 seconds an octet are 100 MB/s. */
const outcomes = [
  {
    implementation: 'ours',
    measurements: [
      { shape: '16', samples: [1.25e-8, 1e-8, 2e-8] },
      { shape: '64', samples: [1e-9] },
    ],
  },
  {
    implementation: 'peer',
    measurements: [
      { shape: '16', samples: [4e-8, 8e-8] },
      { shape: '64', samples: [1e-8] },
    ],
  },
  { implementation: 'gone', absence: 'It is gone', measurements: [] },
];

describe('a suite as a section', () => {
  const section = toSection(suite, outcomes);

  it('has a ratio of best samples for every comparison that was made', () => {
    expect(section.ratios.map(({ id }) => id)).toEqual(['thing/16/peer', 'thing/64/peer', 'thing/64/own']);
    expect(section.ratios[0]!.value).toBeCloseTo(4);
    expect(section.ratios[0]!.atLeast).toBe(5);
    expect(section.ratios[1]!.value).toBeCloseTo(10);
    expect(section.ratios[1]).not.toHaveProperty('atLeast');
    expect(section.ratios[2]!.value).toBeCloseTo(0.1);
  });

  it('shows speeds, ratios beside what is wanted, and who was left out and why', () => {
    expect(section.markdown).toContain('100 −20 %');
    expect(section.markdown).toContain('4.00x (wanted 5x: missed by 20 %)');
    expect(section.markdown).toContain('Left out: Gone. It is gone.');
    expect(section.markdown).toContain('Little.');
  });

  it('has bars for who was there', () => {
    const [chart] = section.charts;
    expect(chart!.groups.map(({ label }) => label)).toEqual(['16', '64']);
    expect(chart!.groups[0]!.bars.map(({ label }) => label)).toEqual(['Ours', 'Peer']);
    expect(chart!.groups[0]!.bars[0]!.value).toBeCloseTo(100);
  });

  it('is counted in the table of what is wanted', () => {
    const table = wantedTable([section]);
    expect(table).toContain('0 of 1 are met');
    expect(table).toMatch(/thing\/16\/peer +\| +≥ 5.00 +\| +4.00 +\| +missed by 20 %/);
    expect(toMarkdown([section], 'a machine')).toContain('## thing');
  });
});

describe('ratios.json', () => {
  const section = (ratios: Section['ratios']): Section => ({ name: 'a', markdown: '', charts: [], ratios });

  it('is every ratio by its id, with three digits', () => {
    const json = toJson([section([{ id: 'a/1/b', value: 1.23456 }]), section([{ id: 'a/2/b', value: 1234.5 }])]);
    expect(JSON.parse(json)).toEqual({ 'a/1/b': 1.23, 'a/2/b': 1230 });
  });

  it('refuses two of the same id', () => {
    expect(() => toJson([section([{ id: 'a', value: 1 }]), section([{ id: 'a', value: 2 }])])).toThrow('same id');
  });
});

describe('results.svg', () => {
  const chart = {
    title: 'speed <&>',
    unit: 'MB/s',
    groups: [
      { label: '16', bars: [1, 1000].map((value, i) => ({ label: `peer ${i}`, value })) },
      { label: '64', bars: [{ label: 'peer 1', value: 10 }] },
    ],
  };
  const svg = toSvg([chart, { title: 'none', unit: 'x', groups: [] }], 'a machine');

  it('has a bar for each value, in the colour of its peer, as high as its logarithm says', () => {
    const bars = [
      ...svg.matchAll(
        /<rect class="c(\d)" x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)"\/><text class="figure"/g,
      ),
    ];
    expect(bars.map(([, color]) => color)).toEqual(['0', '1', '1']);
    const [low, high, middle] = bars.map(([, , height]) => Number(height));
    // A tenth of a decade below the lowest, the axis goes on to the power of ten below: 0.1, 1, 10, 100, 1000.
    expect(high! / low!).toBeCloseTo(4, 1);
    expect(middle! / low!).toBeCloseTo(2, 1);
  });

  it('is well formed, escapes its text, and knows both themes', () => {
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toContain('speed &#60;&#38;&#62;');
    expect(svg).toContain('prefers-color-scheme: dark');
    const opened = [...svg.matchAll(/<(svg|g|text|title|desc|style)\b/g)].length;
    expect([...svg.matchAll(/<\/(svg|g|text|title|desc|style)>/g)].length).toBe(opened);
  });
});
