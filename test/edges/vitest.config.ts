import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    globalSetup: 'test/edges/next.ts',
    include: ['test/edges/**/*.test.ts'],
    testTimeout: 30_000,
  },
});
