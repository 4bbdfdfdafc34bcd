/** Servers in other languages and runtimes: programs of their own, each measured as the process that it is. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeBinary } from '../../scripts/runtime-binary.ts';
import type { Serve } from '../job.ts';
import { serveBy, temporaryFolder } from '../jobs/http.ts';

const fileBeside = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const WEB = fileBeside('web-server.js');
const DENO = ['run', '--quiet', '--no-config', '--no-lock', '--allow-read', '--allow-net'];

/** @param content the file from which it sends */
type Command = (folder: string, content: string) => [command: string, ...args: string[]];

async function runtime(name: string, ...args: string[]): Promise<Command | undefined> {
  const binary = await runtimeBinary(name, { installs: false });
  return 'absence' in binary ? undefined : (_folder, content) => [binary.command, ...args, WEB, content];
}

function go(): Command | undefined {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return (folder, content) => {
    const command = path.join(folder, 'server');
    execFileSync('go', ['build', '-o', command, fileBeside('server.go')], { stdio: 'inherit' });
    return [command, content];
  };
}

const serving =
  (command: Command, content: Uint8Array): Serve =>
  async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'content');
    writeFileSync(file, content);
    const [program, ...args] = command(folder, file);
    return serveBy(program, args);
  };

/** Those that are installed, by name: `npm run test:all` installs Bun and Deno. */
export async function otherServers(content: Uint8Array): Promise<Record<string, Serve>> {
  const commands = {
    'Go net/http': go(),
    'Bun.serve': await runtime('bun'),
    'Deno.serve': await runtime('deno', ...DENO),
  };
  return Object.fromEntries(
    Object.entries(commands).flatMap(([name, command]) =>
      command === undefined ? [] : [[name, serving(command, content)]],
    ),
  );
}
