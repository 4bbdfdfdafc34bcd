/** One process of a job: the server, the client or the upstream, as job.ts asks for it. */
import type { Job, Question, Usage } from './job.ts';

const [name, role, entry, upstream] = process.argv.slice(2);
const { job } = (await import(new URL(`jobs/${name}.ts`, import.meta.url).href)) as { job: Job };

let cpu = process.cpuUsage();
let start = performance.now();

function mark(): void {
  cpu = process.cpuUsage();
  start = performance.now();
}

function usage(): Usage {
  const time = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  return { time, CPU: (user + system) / 1e6, memory: process.memoryUsage.rss() / 1024 };
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
process.send!(await serve!(Number(upstream)));
