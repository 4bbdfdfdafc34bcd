/**
 * Programs in processes of their own, spoken to by lines of JSON: theirs on standard output, ours on standard input. A
 * program ends when its input does, so none is left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAX_SILENCE_MS = 120_000;

export interface Program {
  command: string;
  args: string[];
}

/** A TypeScript file of this folder, by its path in it, on this Node. */
export function nodeProgram(file: string, args: string[] = [], flags: string[] = []): Program {
  const script = fileURLToPath(new URL(file, import.meta.url));
  return { command: process.execPath, args: [...flags, '--import', 'tsx', script, ...args] };
}

export class Peer {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, { command, args }: Program) {
    this.name = name;
    this.#child = spawn(command, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.on('error', () => {}); // its output ends as well, which `next` tells
    this.#child.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line. Throws if none comes any more. */
  async next<T>(): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      const message = `${this.name} has said nothing for ${MAX_SILENCE_MS / 1000} s`;
      timer = setTimeout(() => reject(new Error(message)), MAX_SILENCE_MS);
    });
    try {
      const { value, done } = await Promise.race([this.#lines.next(), silence]);
      if (done) throw new Error(`${this.name} has ended`);
      return JSON.parse(value) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  ask<T>(question: object): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    return this.next<T>();
  }

  async stop(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
