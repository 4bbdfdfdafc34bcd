/** Runs a program and reads what it writes, however it ends. */
import { spawn } from 'node:child_process';
import type { Notice, Run } from './record.ts';

const TIME_LIMIT_MS = 10_000;

export function start(binary: string, args: string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let complaints = '';
    child.stdout.on('data', (octets) => {
      output += octets;
    });
    child.stderr.on('data', (octets) => {
      complaints += octets;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const notices = output
        .split('\n')
        .filter(Boolean)
        .map((line): Notice => JSON.parse(line));
      const crash = code === 0 ? undefined : /^\S*Error.*/m.exec(complaints)?.[0];
      resolve({ notices, exit: code ?? signal!, ...(crash !== undefined && { crash }) });
    });
  });
}
