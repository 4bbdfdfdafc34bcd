/**
 * Seconds of CPU time that this process has used, in all its threads: the collector's are part of what an implementation
 * costs. Other processes take none of it, so it holds still on a machine that has more to do, as the clock does not.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
