/** node run.js express.js: starts a server on a free port, and runs the client against it: a whole export, and one that fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tell } from './client.js';

const server = spawn(process.execPath, [fileURLToPath(new URL(process.argv[2], import.meta.url))], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'pipe'],
});
server.stderr.pipe(process.stderr);
const logged = once(server.stderr, 'data');
for await (const line of createInterface(server.stdout)) {
  if (!line.startsWith('http://')) continue;
  try {
    await tell(line);
    await tell(`${line}?fails`);
    await Promise.race([logged, sleep(1000, undefined, { ref: false })]); // the server's own words about it
  } finally {
    server.kill();
  }
}
