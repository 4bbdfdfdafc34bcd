/**
 * Strategy: the same script runs on a GatheringWritable, on a plain Writable, and on a corked one. The log (callbacks
 * with their codes, events, results) must be that of the corked one, word for word; content, callbacks and final
 * events must be those of the plain one, which sends at other moments.
 */
import type { Writable } from 'node:stream';
import { expect } from 'vitest';
import type { WriteCallback } from '../../../../src/node/send/gathering-writable.ts';
import { Corked, Gathering, Plain, type Sink } from './streams.ts';

const codeOf = (error: unknown) => (error ? ((error as NodeJS.ErrnoException).code ?? (error as Error).message) : 'ok');

/** One stream under test, and the log of what it does. */
export class Subject {
  readonly stream: Gathering | Plain | Corked;
  readonly log: string[] = [];

  constructor(stream: Gathering | Plain | Corked) {
    this.stream = stream;
    for (const event of ['drain', 'finish', 'close', 'pipe', 'unpipe', 'prefinish']) {
      stream.on(event, () => this.note(event));
    }
    stream.on('error', (error) => this.note(`error ${codeOf(error)}`));
  }

  get sink(): Sink {
    return this.stream.sink;
  }

  note(text: string): void {
    this.log.push(text);
  }

  /** A callback that logs its name and what it was told. */
  on(name: string, then?: () => void): WriteCallback {
    return (error) => {
      this.note(`${name}: ${codeOf(error)}`);
      then?.();
    };
  }

  /** Writes and logs what comes back, or the code of what is thrown. */
  write(...parameters: unknown[]): void {
    this.attempt(() => (this.stream.write as (...parameters: unknown[]) => boolean)(...parameters));
  }

  end(...parameters: unknown[]): void {
    this.attempt(() => (this.stream.end as (...parameters: unknown[]) => Writable)(...parameters) === this.stream);
  }

  attempt(call: () => unknown): void {
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      result = `throws ${codeOf(error)}`;
    }
    this.note(`→ ${result}`);
  }

  noteState(): void {
    const { writableLength, writableNeedDrain, writable, destroyed, writableEnded, writableFinished } = this.stream;
    this.note(
      JSON.stringify({ writableLength, writableNeedDrain, writable, destroyed, writableEnded, writableFinished }),
    );
  }

  get content(): string {
    return Buffer.concat(this.sink.content).toString('latin1');
  }
}

export type Script = (subject: Subject) => void | Promise<void>;

export async function run(stream: Gathering | Plain | Corked, script: Script): Promise<Subject> {
  const subject = new Subject(stream);
  await script(subject);
  await subject.sink.settle();
  return subject;
}

/** What is not about the moment of sending: callbacks among themselves, and how it ended. */
export function essence(log: string[]): string[][] {
  const isEnd = (line: string) => /^(finish|close|error)/.test(line);
  return [log.filter((line) => / ?: |: /.test(line) && !line.startsWith('{')), log.filter(isEnd)];
}

/** Runs the script on all three; @returns the log and the content, which are those of Node's own. */
export async function compare(script: Script, isPlainToo = true): Promise<{ log: string[]; content: string }> {
  const gathering = await run(new Gathering(), script);
  const corked = await run(new Corked(), script);
  expect(gathering.log).toEqual(corked.log);
  expect(gathering.content === corked.content).toBe(true);
  if (isPlainToo) {
    const plain = await run(new Plain(), script);
    expect(essence(gathering.log)).toEqual(essence(plain.log));
    expect(gathering.content === plain.content).toBe(true);
  }
  return { log: gathering.log, content: gathering.content };
}
