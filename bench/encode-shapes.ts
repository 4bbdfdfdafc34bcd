/** What an encoder is given: writes, in the ticks that they come in. */
import { toChunked } from './chunked.ts';
import { cut, type Fixture, groupBySize, makeBody, READ_BYTES, type Shape, TICK_BYTES } from './fixtures.ts';
import { linesOf, readRealFile } from './real-file.ts';
import { makeTrace } from './tokens.ts';

export const ENCODE_SIZES = [16, 64, 256, 1024, 4096, 16384, 65536] as const;

const TRACE_BYTES = 512 * 1024;

/** The output of each fixture has one chunk a write; whoever coalesces is checked by what its chunks hold. */
export const ENCODE_SHAPES: readonly Shape[] = [
  ...ENCODE_SIZES.map(
    (size): Shape => ({ name: `${size}`, title: `${size} octets`, make: () => inTicks(cut(makeBody(), size)) }),
  ),
  { name: 'tokens', title: 'tokens of 1 to 12 octets, a burst a tick', make: () => fixtureOf(makeTrace(TRACE_BYTES)) },
  { name: 'lines', title: 'a real file, line by line', make: () => inTicks(linesOf(readRealFile())) },
  { name: 'file', title: 'a real file, in 64 KiB', make: () => inTicks(cut(readRealFile(), READ_BYTES)) },
];

function inTicks(writes: Buffer[]): Fixture {
  return fixtureOf(groupBySize(writes, TICK_BYTES));
}

function fixtureOf(input: Buffer[][]): Fixture {
  const writes = input.flat();
  const content = Buffer.concat(writes);
  return { input, output: toChunked(writes), content, octets: content.length };
}
