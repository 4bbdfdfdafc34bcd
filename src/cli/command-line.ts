/** The command line: picks the command, and turns what it throws into a message and an exit code. */
import { readFileSync } from 'node:fs';
import { systemReason } from '../files/system-reason.ts';
import { EXIT } from './exit-codes.ts';
import { complain } from './terminal.ts';
import { USAGE, UsageError, usageMessage } from './usage.ts';

type Command = (args: string[]) => Promise<number>;

/** Each loads what it needs, and no more: a third of the time to start (measured). */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo/demo.ts')).demo,
  get: async () => (await import('./get/get.ts')).get,
  inspect: async () => (await import('./inspect/inspect.ts')).inspect,
  serve: async () => (await import('./serve/serve.ts')).serve,
};

async function main([name, ...args]: string[]): Promise<number> {
  if (name === '--version' || name === '-v') {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    process.stdout.write(`${version}\n`);
    return EXIT.ok;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(USAGE);
    return EXIT.ok;
  }
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  if (command === undefined) {
    const what = name?.startsWith('-') ? 'option' : 'command';
    complain(name === undefined ? 'a command is missing' : `there is no ${what} "${name}"`);
    process.stderr.write(USAGE);
    return EXIT.usage;
  }
  try {
    return await (await command())(args);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')) {
      complain(`${usageMessage(error as Error)}\nSee: chunked-trailers ${name} --help`);
      return EXIT.usage;
    }
    complain((error as Error).message);
    return EXIT.local;
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has gone, and knows; a full disk is told.
  if (error.code !== 'EPIPE') complain(`standard output cannot be written: ${systemReason(error)}`);
  process.exit(EXIT.local);
});
process.stderr.on('error', () => {}); // there is nobody left to tell
process.exitCode = await main(process.argv.slice(2));
