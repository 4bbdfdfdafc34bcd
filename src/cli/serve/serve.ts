/** chunked-trailers serve: files over raw sockets, each response sealed at its end. */
import { setMaxListeners } from 'node:events';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { learnDigest } from '../../files/file-digests.ts';
import { systemReason } from '../../files/system-reason.ts';
import { EXIT, SIGNALS } from '../exit-codes.ts';
import { complain, formatBytes, formatCount, formatTime, paint, parseBytes, printable } from '../terminal.ts';
import { SERVE_USAGE, UsageError } from '../usage.ts';
import { serveConnection } from './connection.ts';
import { type Answered, fileHandler } from './file-handler.ts';
import { listen } from './listen.ts';

export async function serve(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', short: 'p', default: '8080' },
      host: { type: 'string', default: '127.0.0.1' },
      'fail-after': { type: 'string' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(SERVE_USAGE);
    return EXIT.ok;
  }
  const [root] = positionals;
  if (root === undefined || positionals.length > 1) throw new UsageError('serve takes one file or directory');
  if (root === '') throw new UsageError('the name of the file or directory is empty');
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65535) throw new UsageError(`--port takes 0 to 65535, not "${values.port}"`);
  if (values.host === '') throw new UsageError('--host takes an address or a name'); // Node would take it for all
  const failAfter = values['fail-after'] === undefined ? undefined : parseBytes(values['fail-after']);
  if (values['fail-after'] !== undefined && failAfter === undefined) {
    throw new UsageError(`--fail-after takes a size such as 300000000, 300MB or 256KiB, not "${values['fail-after']}"`);
  }
  try {
    const stats = await stat(root, { bigint: true });
    if (stats.isFile())
      learnDigest(await realpath(root), stats); // so that the first client has an ETag
    else if (!stats.isDirectory()) throw new Error('it is neither a file nor a directory');
  } catch (error) {
    complain(`${root} cannot be served: ${systemReason(error as Error)}`);
    return EXIT.local;
  }
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(0, signal); // each connection listens
  const handler = fileHandler({ root, failAfter, signal, ...(!values.quiet && { onAnswered: report }) });
  const stopped = new Promise<void>((resolve) => {
    for (const name of SIGNALS) process.once(name, resolve);
  });
  const server = await listen((socket) => void serveConnection(socket, handler, signal), port, values.host).catch(
    (error: NodeJS.ErrnoException) => {
      const option = error.code === 'EADDRINUSE' || error.code === 'EACCES' ? '--port' : '--host';
      const where = `${values.host.includes(':') ? `[${values.host}]` : values.host}:${port}`;
      throw new Error(`${where} cannot be listened on: ${systemReason(error)}; choose another ${option}`);
    },
  );
  process.stdout.write(
    `Serving ${path.resolve(root)} at ${paint(process.stdout, 'bold', server.url)}  (Ctrl-C stops)\n`,
  );
  if (failAfter !== undefined) process.stdout.write(`Every file is broken after ${formatCount(failAfter)} bytes.\n`);
  await stopped;
  stopping.abort(); // responses on their way end as failures, not as if they were whole
  await server.close();
  return EXIT.ok;
}

function report({ request, status, bytes, ending, error, milliseconds }: Answered): void {
  const line = `${printable(`${request.method} ${request.target}`)} ${status} ${ending} ${formatBytes(bytes)} ${formatTime(milliseconds)}`;
  process.stdout.write(`${line}${error instanceof Error ? `  ${describe(error)}` : ''}\n`);
}

function describe(error: NodeJS.ErrnoException): string {
  // A client that leaves is no fault of ours.
  if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return 'the client left';
  return paint(process.stdout, 'red', printable(error.message));
}
