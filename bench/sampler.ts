/** An implementation in a process of its own that is idle until it is asked for a sample. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeFlags, ROOT } from './processes.ts';
import type { SamplerTask } from './sampler-child.ts';

export class Sampler {
  readonly #child: ChildProcess;
  /** Why it cannot run here, if so. */
  readonly absence: string | undefined;

  private constructor(child: ChildProcess, absence: string | undefined) {
    this.#child = child;
    this.absence = absence;
  }

  static async start(task: SamplerTask): Promise<Sampler> {
    const path = fileURLToPath(new URL('sampler-child.ts', import.meta.url));
    const child = fork(path, [JSON.stringify(task)], { cwd: ROOT, execArgv: nodeFlags() });
    const absence = (await answerOf(child)) as string | null;
    return new Sampler(child, absence ?? undefined);
  }

  /** Seconds of CPU time for an octet of this shape. */
  async sample(shape: string): Promise<number> {
    this.#child.send(shape);
    return (await answerOf(this.#child)) as number;
  }

  stop(): void {
    this.#child.disconnect();
  }
}

/** What the child says next. Throws if it ends instead. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController();
  const { signal } = settled;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`A sampler exited with ${code}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [unknown];
    return message;
  } finally {
    ended.catch(() => {});
    settled.abort();
  }
}
