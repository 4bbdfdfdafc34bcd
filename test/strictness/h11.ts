/**
 * h11, a parser of another house and language, as one Python process that is asked line by line. Where there is none,
 * `npm run strictness:peers` installs Debian's.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FieldPairs } from '../../src/core/fields.ts';
import { latin1 } from '../support/octets.ts';
import type { Side } from './node-parser.ts';

const SCRIPT = fileURLToPath(new URL('h11-reader.py', import.meta.url));

export interface H11Reading {
  outcome: 'complete' | 'incomplete' | 'refused';
  reason?: string;
  /** A character an octet. */
  body?: string;
  trailers?: FieldPairs;
  /** What h11 left of its input, a character an octet. */
  behind?: string;
}

/** A Python that has h11: the system's, for which distributions package it, or another. */
export function pythonWithH11(): string | undefined {
  return ['/usr/bin/python3', 'python3'].find((python) => spawnSync(python, ['-c', 'import h11']).status === 0);
}

export class H11 {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterableIterator<string>;
  readonly #reader: Interface;

  constructor(python: string) {
    this.#child = spawn(python, [SCRIPT]);
    this.#child.stderr.pipe(process.stderr);
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Waits until it runs: `h11 <version>`. */
  start(): Promise<string> {
    return this.#line();
  }

  /** What it makes of a whole message, head and all. One at a time. */
  async read(wire: Uint8Array, side: Side): Promise<H11Reading> {
    this.#child.stdin.write(`${side} ${Buffer.from(wire).toString('hex')}\n`);
    const reading = JSON.parse(await this.#line()) as H11Reading;
    const text = (hex: string) => latin1(Buffer.from(hex, 'hex'));
    if (reading.outcome !== 'complete') return reading;
    return { ...reading, body: text(reading.body!), behind: text(reading.behind!) };
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
    this.#reader.close();
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('h11-reader.py has ended');
    return value;
  }
}
