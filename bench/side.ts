/** One process of a job: the server, the client or the upstream, as job.ts asks for it. */
import { readFileSync } from 'node:fs';
import type { Job, Question, Usage } from './job.ts';

const [name, role, entry, upstream] = process.argv.slice(2);
const { job } = (await import(new URL(`jobs/${name}.ts`, import.meta.url).href)) as { job: Job };

/** The program that serves, where it is not this process. */
let pid: number | undefined;
let cpu = secondsOfCpu();
let start = performance.now();

function mark(): void {
  cpu = secondsOfCpu();
  start = performance.now();
}

function usage(): Usage {
  const time = (performance.now() - start) / 1000;
  const CPU = secondsOfCpu() - cpu;
  globalThis.gc?.();
  return { time, CPU, memory: process.memoryUsage.rss() / 1024 };
}

/** Of another program in hundredths, as Linux counts it (proc_pid_stat(5), fields 14 and 15). */
function secondsOfCpu(): number {
  if (pid === undefined) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(afterName[11]) + Number(afterName[12])) / 100;
}

process.on('disconnect', () => process.exit());
process.on('message', async (question: Question) => {
  if (question === 'mark' || question === 'report') {
    process.send!(usage());
    return mark();
  }
  mark();
  const result = await job.clients[entry!]!(question.port, question.work);
  const own = usage();
  process.send!({ ...own, ...(typeof result === 'string' ? { proof: result } : result) });
});

const serve = role === 'upstream' ? job.upstream : role === 'servers' ? job.servers[entry!] : async () => 0;
const listening = await serve!(Number(upstream));
if (typeof listening === 'number') {
  process.send!(listening);
} else {
  pid = listening.pid;
  process.send!(listening.port);
}
