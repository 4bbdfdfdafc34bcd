/** Programs that are not ours, run as a user runs them. A missing one is said aloud, never passed over in silence. */
import { execFile, spawnSync } from 'node:child_process';
import type { TestContext } from 'vitest';

export interface Run {
  code: number;
  /** A character an octet. */
  stdout: string;
  stderr: string;
}

export function run(program: string, args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'latin1', maxBuffer: 64 << 20, timeout: 20_000 } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr });
    });
  });
}

/** Skips the test, with the reason on the terminal, unless all the programs are there. */
export function needs(context: TestContext, ...programs: string[]): void {
  for (const program of programs) {
    const { error, status } = spawnSync(program, ['--version']);
    if (error === undefined && status === 0) continue;
    const reason = `SKIPPED: ${program} does not run here (${error?.message ?? `status ${status}`})`;
    console.warn(reason);
    context.skip(reason);
  }
}
