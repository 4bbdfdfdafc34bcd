/** Says at the end of a short run what it has left out, and how to run that. */
import type { Reporter, TestModule } from 'vitest/node';

export default class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const projects = new Set(modules.map((module) => module.project.name));
    if (projects.has('long') || modules.length < 50) return; // all of it, or files that were asked for by name
    process.stdout.write(
      '\nLeft out: every cut and damage, other HTTP clients and runtimes, browsers, hostile peers and timers that take their time, large\n' +
        'files, full disks, terminals, certificates, downloads that are killed, the demo, the soak, the tarball as a user installs it,\n' +
        'the examples. npm run test:all runs them too.\n',
    );
  }
}
