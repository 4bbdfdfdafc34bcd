/** The processes that measurements run in, with what loads TypeScript here loading it there. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** DEP0111 is process.binding, which the results say is deprecated. */
export function nodeFlags(): string[] {
  return [...process.execArgv, '--expose-gc', '--disable-warning=DEP0111'];
}

/** Runs a script beside this one with a task, and gives its lines. Throws if it fails: half a comparison is none. */
export async function* linesFrom(script: string, task: unknown): AsyncGenerator<unknown> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...nodeFlags(), path, JSON.stringify(task)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line);
  const code = await exit;
  if (code !== 0) throw new Error(`${script} ${JSON.stringify(task)}: the child exited with ${code}`);
}
