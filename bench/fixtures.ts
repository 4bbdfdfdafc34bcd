/**
 * What is measured, and on which octets: a shape makes its fixture, the same one in every process and on every machine.
 * test/bench/fixtures.test.ts holds each shape to what it is named for.
 */
import { seededNumbers } from './random.ts';

export const BODY_BYTES = 4 * 1024 * 1024;
/** What one read of a socket brings, at most: Node reads into buffers of this size. */
export const READ_BYTES = 64 * 1024;
/** What is written in one tick: as much as a response takes before it wants to be waited for. */
export const TICK_BYTES = 64 * 1024;

const SEED = 0x9112;

export interface Fixture {
  /** Pieces for an implementation to work through: the reads of each message, or the writes of each tick. */
  input: Buffer[][];
  /** What must come out. */
  output: Buffer;
  /** The content, by itself. */
  content: Buffer;
  /** How many octets a speed is told in: those of the content, unless the shape says otherwise. */
  octets: number;
}

export interface Shape {
  /** A part of the ratios' ids. */
  name: string;
  /** For readers. */
  title: string;
  make(): Fixture;
}

/** The body: octets of every value, among them CR, LF and digits. */
export function makeBody(length = BODY_BYTES): Buffer {
  const body = Buffer.alloc(length);
  const next = seededNumbers(SEED);
  for (let at = 0; at < length; at++) body[at] = next() >>> 24;
  return body;
}

/** The octets in pieces of this size, the last one perhaps smaller. Views, no copies. */
export function cut(octets: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) pieces.push(octets.subarray(at, at + size));
  return pieces;
}

/**
 * The octets one by one. There is one Buffer for each value of an octet: with 360,000 of them, memory would be measured,
 * and the collector, rather than who reads the octets.
 */
export function drip(octets: Buffer): Buffer[] {
  const values = Array.from({ length: 256 }, (_, value) => Buffer.of(value));
  return Array.from(octets, (octet) => values[octet]!);
}

/** The pieces in groups of at least this many octets, the last one perhaps smaller. */
export function groupBySize(pieces: readonly Buffer[], octets: number): Buffer[][] {
  const groups: Buffer[][] = [];
  let group: Buffer[] = [];
  let size = 0;
  for (const piece of pieces) {
    group.push(piece);
    size += piece.length;
    if (size >= octets) {
      groups.push(group);
      group = [];
      size = 0;
    }
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** The shape of this name. */
export function shapeNamed(shapes: readonly Shape[], name: string): Shape {
  const found = shapes.find((shape) => shape.name === name);
  if (found === undefined) throw new TypeError(`No shape is named ${name}`);
  return found;
}
