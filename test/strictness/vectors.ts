/**
 * The test vectors of 24 HTTP implementations. They are other people's, and so no part of the repository: CORPUS in the
 * environment names their folder. Tests that need them say so where they are missing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TestContext } from 'vitest';
import type { FieldPairs } from '../../src/core/fields.ts';

export type Outcome = 'accept' | 'reject' | 'incomplete';

export interface Vector {
  id: string;
  kind: 'body' | 'request' | 'response';
  why: string;
  input_b64: string;
  /** Where the body starts, in `request` and `response` records. */
  body_offset?: number;
  acceptable: Outcome[];
  body_b64?: string;
  trailers?: FieldPairs;
  consumed?: number;
  body_before_error_b64?: string;
  tags?: string[];
  /** By name and version, what others made of it. */
  peers: Record<string, Outcome | 'hang'>;
}

const FOLDER =
  process.env.CORPUS === undefined
    ? new URL('../../../shared/corpus/', import.meta.url)
    : pathToFileURL(`${process.env.CORPUS}/`);
const FILE = new URL('vectors.jsonl', FOLDER);

/** Why there are none, if there are none. */
export const missingVectors = missing(FILE);

/** Why a file of the corpus, or beside it, cannot be read. */
export function missing(file: URL): string | undefined {
  return existsSync(file) ? undefined : `SKIPPED: ${basename(fileURLToPath(file))} is no part of the repository`;
}

export function corpusFile(name: string): URL {
  return new URL(name, FOLDER);
}

export function readVectors(): Vector[] {
  if (missingVectors !== undefined) return [];
  const lines = readFileSync(FILE, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** Skips the test aloud. */
export function skip(context: TestContext, reason: string): void {
  console.warn(reason);
  context.skip(reason);
}

export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

export const octetsOf = (vector: Vector): Uint8Array => fromBase64(vector.input_b64);

/** Whether the head decides it, and there is perhaps no body to decode. */
export const isDecidedByHead = ({ tags = [] }: Vector): boolean =>
  tags.includes('framing') || tags.includes('framing-layer');
