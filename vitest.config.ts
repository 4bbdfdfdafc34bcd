import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * What `npm test` leaves to `npm run test:all`: it takes long, looks the same everywhere, or needs what a newcomer may not
 * have. test/support/left-out.ts names it at the end of each short run.
 */
export const LONG = [
  'test/package/{new-user,loading,types,browser,contents,lint,warnings,test-runners}.test.ts',
  'test/exhaustive/**/*.test.ts',
  'test/hostile/{slow,framing,killed,get}.test.ts',
  'test/interop/**/*.test.ts',
  'test/soak/**/*.test.ts',
  'test/files/download/{together,together-long}.test.ts',
  'test/bench/**/*.test.ts',
  'test/strictness/differential-fuzz.test.ts',
  'test/undici/{matrix,caching}.test.ts',
  'test/cli/{exit-codes,full-disk,https,demo/demo,get/{get-resume,output-stream,progress},inspect/program}.test.ts',
  'test/files/send-file/{large-files,patience}.test.ts',
  'test/web/{runtimes,workerd,in-content-page,browser-example,in-content-proxies}.test.ts',
  'test/http/{clients,old-clients,server-timeouts}.test.ts',
  'test/examples.test.ts',
  'test/conformance/examples.test.ts',
  'test/observing/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: './test/support/newest-undici.ts',
    // Most tests wait for a socket or a process, not for a core.
    maxWorkers: Math.max(4, availableParallelism()),
    reporters: ['default', './test/exhaustive/reporter.ts', './test/support/left-out.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'short', include: ['test/**/*.test.ts'], exclude: [...LONG, 'test/edges/**', 'test/proxies/**'] },
      },
      { extends: true, test: { name: 'long', include: LONG } },
    ],
  },
});
