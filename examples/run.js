/** node run.js express.js: starts one of the servers on a free port, and runs the client against it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tell } from './client.js';

const server = spawn(process.execPath, [fileURLToPath(new URL(process.argv[2], import.meta.url))], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
for await (const line of createInterface(server.stdout)) {
  const [, port] = /^listening on (\d+)$/.exec(line) ?? [];
  if (port === undefined) continue;
  try {
    await tell(Number(port));
  } finally {
    server.kill();
  }
}
