/**
 * Strategy: what comes out is the pieces in order, whatever their sizes; how they come out (one array for a run of small
 * ones, views for the others) is what the hot path is for; the input is never written to.
 */
import { describe, expect, test } from 'vitest';
import { ContentRun } from '../../src/core/content-run.ts';
import { concat, latin1, octets, pattern } from '../support/octets.ts';

const LARGE = 513;

function collect() {
  const out: Uint8Array[] = [];
  return { out, run: new ContentRun((data) => out.push(data)) };
}

describe('small pieces', () => {
  test('leave together, in order, at the flush', () => {
    const { out, run } = collect();
    const input = octets('--abc--de--f--');
    run.take(input, 2, 5);
    run.take(input, 7, 9);
    run.take(input, 11, 12);
    expect(out).toEqual([]);
    run.flush();
    expect(out.map(latin1)).toEqual(['abcdef']);
    expect(latin1(input)).toBe('--abc--de--f--');
  });

  test('a single one leaves as a view of the input', () => {
    const { out, run } = collect();
    const input = octets('--abc--');
    run.take(input, 2, 5);
    run.flush();
    expect(out.map(latin1)).toEqual(['abc']);
    expect(out[0]!.buffer).toBe(input.buffer);
  });

  test('gathered ones do not share the memory of the input', () => {
    const { out, run } = collect();
    const input = octets('a-b');
    run.take(input, 0, 1);
    run.take(input, 2, 3);
    run.flush();
    input.fill(0);
    expect(out.map(latin1)).toEqual(['ab']);
  });

  test('512 octets are small', () => {
    const { out, run } = collect();
    const input = pattern(5000);
    run.take(input, 0, 512);
    run.take(input, 514, 1026);
    run.flush();
    expect(out).toHaveLength(1);
    expect(out[0]).toEqual(concat([input.subarray(0, 512), input.subarray(514, 1026)]));
  });
});

describe('large pieces', () => {
  test('leave at once, as views of the input, behind the run before them', () => {
    const { out, run } = collect();
    const input = pattern(LARGE + 20);
    run.take(input, 0, 3);
    run.take(input, 5, 8);
    run.take(input, 10, 10 + LARGE);
    expect(out).toHaveLength(2);
    expect(out[0]).toEqual(concat([input.subarray(0, 3), input.subarray(5, 8)]));
    expect(out[1]).toEqual(input.subarray(10, 10 + LARGE));
    expect(out[1]!.buffer).toBe(input.buffer);
  });

  test('between runs: what has left is not overwritten by what comes', () => {
    const { out, run } = collect();
    const input = pattern(3 * LARGE + 100);
    const untouched = input.slice();
    const pieces: [number, number][] = [];
    for (let at = 0; at + LARGE + 30 < input.length; at += LARGE + 30) {
      pieces.push([at, at + 4], [at + 6, at + 11], [at + 13, at + 20], [at + 22, at + 22 + LARGE]);
    }
    for (const [start, end] of pieces) run.take(input, start, end);
    run.flush();
    expect(concat(out)).toEqual(concat(pieces.map(([start, end]) => untouched.subarray(start, end))));
    expect(input).toEqual(untouched);
  });
});

describe('input that may be written to', () => {
  test('2048 octets are small, and are moved together in it', () => {
    const { out, run } = collect();
    const input = pattern(5000);
    const expected = concat([input.subarray(0, 2048), input.subarray(2050, 4098), input.subarray(4100, 4110)]);
    run.ownsInput = true;
    for (const [start, end] of [
      [0, 2048],
      [2050, 4098],
      [4100, 4110],
    ] as const)
      run.take(input, start, end);
    run.flush();
    expect(out).toEqual([expected]);
    expect(out[0]!.buffer).toBe(input.buffer);
  });

  test('what has left is not overwritten by a run that comes after it', () => {
    const { out, run } = collect();
    const input = pattern(2200);
    const pieces = [
      [0, 3],
      [5, 8],
      [10, 2060],
      [2062, 2065],
      [2070, 2150],
      [2152, 2160],
    ] as const;
    const expected = concat(pieces.map(([start, end]) => input.slice(start, end)));
    run.ownsInput = true;
    for (const [start, end] of pieces) run.take(input, start, end);
    run.flush();
    expect(out.map(({ length }) => length)).toEqual([6, 2050, 91]);
    expect(concat(out)).toEqual(expected);
  });
});

describe('flush and release', () => {
  test('nothing is flushed where nothing was taken, nor twice', () => {
    const { out, run } = collect();
    run.flush();
    run.take(octets('a'), 0, 1);
    run.flush();
    run.flush();
    expect(out.map(latin1)).toEqual(['a']);
  });

  test('the next input has a run of its own', () => {
    const { out, run } = collect();
    for (const text of ['a-b-c', 'd-e']) {
      const input = octets(text);
      for (let at = 0; at < input.length; at += 2) run.take(input, at, at + 1);
      run.flush();
      run.release();
    }
    expect(out.map(latin1)).toEqual(['abc', 'de']);
  });
});
