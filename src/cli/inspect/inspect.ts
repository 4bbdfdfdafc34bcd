/** chunked-trailers inspect: what came on a connection, piece by piece, where it breaks, and what a receiver concludes. */
import { once } from 'node:events';
import { createReadStream, fstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { isToken } from '../../core/grammar.ts';
import type { Require } from '../../core/verifier.ts';
import { EXIT, interruptible } from '../exit-codes.ts';
import { complain, paint } from '../terminal.ts';
import { INSPECT_USAGE, requireFrom, UsageError } from '../usage.ts';
import { Annotator } from './annotator.ts';
import { SHOWN_CHUNKS } from './chunk-fold.ts';
import type { Report } from './event.ts';
import { JsonReport } from './json-report.ts';
import { TextReport } from './text-report.ts';

interface InspectOptions {
  /** Undefined: standard input. */
  file: string | undefined;
  isJson: boolean;
  require: Require;
  method: string;
  shownChunks: number;
}

interface Input {
  stream: Readable;
  /** Of a file, in bytes. */
  size: number | undefined;
}

export async function inspect(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(INSPECT_USAGE);
    return EXIT.ok;
  }
  const input = await open(options.file);
  return interruptible((interruption) => annotate(input, options, interruption));
}

async function annotate({ stream, size }: Input, options: InspectOptions, signal: AbortSignal): Promise<number> {
  const { isJson, require, method, shownChunks } = options;
  const report: Report = isJson
    ? new JsonReport()
    : new TextReport((format, text) => paint(process.stdout, format, text));
  const annotator = new Annotator({ emit: (event) => report.add(event), require, method, shownChunks });
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop);
  let bytes = 0;
  try {
    for await (const data of stream as AsyncIterable<Buffer>) {
      bytes += data.length;
      annotator.write(data);
      await print(report.take(), signal);
      if (annotator.isBroken) break;
    }
  } catch (error) {
    if (!signal.aborted) throw inWords(error as NodeJS.ErrnoException, options.file);
  }
  if (signal.aborted) {
    annotator.interrupt();
    process.stdout.write(report.take(true));
    complain('interrupted before the input ended');
    return EXIT.interrupted;
  }
  if (bytes === 0) {
    complain('the input is empty: there is nothing to inspect');
    return EXIT.noResponse;
  }
  annotator.end();
  const { offset, isBroken, exitCode } = annotator;
  if (isBroken && size !== undefined && size > offset) report.addUnread(offset, size - offset);
  await print(report.take(true), signal);
  return exitCode;
}

/** Waits for a reader that is slow, a pager for example. */
async function print(text: string, signal: AbortSignal): Promise<void> {
  if (text === '' || process.stdout.write(text)) return;
  await once(process.stdout, 'drain', { signal }).catch(() => {}); // interrupted
}

async function open(file: string | undefined): Promise<Input> {
  try {
    if (file === undefined) {
      if (process.stdin.fd !== undefined && fstatSync(process.stdin.fd).isDirectory())
        throw new Error('standard input is a directory');
      return { stream: process.stdin, size: undefined };
    }
    const stats = await stat(file);
    if (stats.isDirectory()) throw new Error(`${file} is a directory: name a file`);
    const stream = createReadStream(file);
    await once(stream, 'open');
    return { stream, size: stats.isFile() ? stats.size : undefined };
  } catch (error) {
    throw inWords(error as NodeJS.ErrnoException, file);
  }
}

function inWords(error: NodeJS.ErrnoException, file = 'standard input'): Error {
  const { code, message } = error;
  if (code === undefined) return error;
  const why: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a directory' };
  return new Error(`${file} cannot be read: ${why[code] ?? message}`, { cause: error });
}

function readOptions(args: string[]): InspectOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      method: { type: 'string', default: 'GET' },
      require: { type: 'string', default: 'announced' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const [file = '-'] = positionals;
  if (positionals.length > 1) throw new UsageError('inspect takes one file');
  if (file === '') throw new UsageError('the name of the file is empty');
  if (positionals.length === 0 && process.stdin.isTTY) {
    throw new UsageError('inspect reads a file, or what is piped to it');
  }
  const { method } = values;
  if (!isToken(method)) throw new UsageError(`--method takes the method of the request, not "${method}"`);
  return {
    file: file === '-' ? undefined : file,
    isJson: values.json,
    require: requireFrom(values.require),
    method,
    shownChunks: values.all ? Number.POSITIVE_INFINITY : SHOWN_CHUNKS,
  };
}
