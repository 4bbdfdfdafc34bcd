/** What a program says to the process that started it (processes.ts), and how it hears from it. */
import { createInterface } from 'node:readline';

export function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** For a program that answers questions, one at a time. */
export async function answer<Question>(reply: (question: Question) => Promise<object>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) say(await reply(JSON.parse(line) as Question));
  process.exit();
}

/** For one that is asked nothing. */
export function endWithParent(): void {
  process.stdin.resume().once('end', () => process.exit());
}

/** Seconds of CPU that this process has used since: every thread of it, its own time and the kernel's for it. */
export function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}
