/** The annotation of octets that are cut up in any way, and a check that it tells of every one of them, in order. */
import { expect } from 'vitest';
import { Annotator, type AnnotatorOptions } from '../../../src/cli/inspect/annotator.ts';
import type { ErrorEvent, InspectEvent, VerdictEvent } from '../../../src/cli/inspect/event.ts';
import type { Piece } from '../../../src/cli/inspect/piece.ts';
import { latin1 } from '../../support/octets.ts';

export interface Annotation {
  events: InspectEvent[];
  pieces: Piece[];
  error: ErrorEvent | undefined;
  verdicts: VerdictEvent[];
  exitCode: number;
}

type Options = Partial<Omit<AnnotatorOptions, 'emit'>>;

export function annotate(input: Iterable<Uint8Array>, options: Options = {}): Annotation {
  const events: InspectEvent[] = [];
  const annotator = new Annotator({
    require: 'announced',
    method: 'GET',
    shownChunks: Number.POSITIVE_INFINITY,
    ...options,
    emit: (event) => events.push(event),
  });
  for (const data of input) annotator.write(data);
  annotator.end();
  return {
    events,
    pieces: events.flatMap((event) => (event.type === 'piece' ? [event.piece] : [])),
    error: events.find((event) => event.type === 'error'),
    verdicts: events.filter((event) => event.type === 'verdict'),
    exitCode: annotator.exitCode,
  };
}

/** Pieces and summed-up chunks lie one behind the other, say what stands there, and end at the error or with the input. */
export function expectCovered({ events, error }: Annotation, wire: Uint8Array): void {
  let at = 0;
  for (const event of events) {
    if (event.type !== 'piece' && event.type !== 'chunks') continue;
    const { offset, length } = event.type === 'piece' ? event.piece : event;
    expect(offset).toBe(at);
    expect(length).toBeGreaterThan(0);
    at += length;
    if (event.type === 'chunks') continue;
    const { octets, tail } = event.piece;
    if (tail.length === 0) expect(octets.length).toBe(length);
    expect(latin1(octets)).toBe(latin1(wire.subarray(offset, offset + octets.length)));
    expect(latin1(tail)).toBe(latin1(wire.subarray(at - tail.length, at)));
  }
  expect(at).toBe(error?.offset ?? wire.length);
}

/** The same without what an error had with it, which depends on how the input was cut. */
export function comparable({ events }: Annotation): unknown[] {
  return events.map((event) => (event.type === 'error' ? { ...event, octets: undefined, blamed: undefined } : event));
}

/** Kind and octets of each piece, a character an octet. */
export function listed({ pieces }: Annotation): [kind: string, octets: string][] {
  return pieces.map(({ kind, octets, tail }) => [kind, tail.length === 0 ? latin1(octets) : `${latin1(octets)}...`]);
}
