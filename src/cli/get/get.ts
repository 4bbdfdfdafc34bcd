/** chunked-trailers get: one URL, whose content is kept only on a good verdict, and an exit code that says which. */
import { createWriteStream, existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { HeadError } from '../../core/errors.ts';
import { type FieldPairs, serializeFieldLines } from '../../core/fields.ts';
import { BodyError, type Verdict } from '../../core/verdict.ts';
import type { Require } from '../../core/verifier.ts';
import {
  type DownloadOptions,
  downloadBy,
  requestFieldsFor,
  settingsWith,
  WANT_REPR_DIGEST,
} from '../../files/download/download.ts';
import { partFor } from '../../files/download/ownership.ts';
import { openVerified } from '../../files/download/request.ts';
import { StatusError } from '../../files/download/status-error.ts';
import { requestHeaders } from '../../node/head/request-headers.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { complain, formatCount, paint, warn } from '../terminal.ts';
import { GET_USAGE, UsageError } from '../usage.ts';
import { Progress } from './progress.ts';

const USER_AGENT = 'chunked-trailers';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface GetOptions {
  url: URL;
  /** Undefined: standard output. */
  output: string | undefined;
  isResumed: boolean;
  retries: number;
  require: Require;
  fields: FieldPairs;
  maxRedirects: number;
  idleTimeout: number;
  totalTimeout: number;
  isQuiet: boolean;
}

export async function get(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(GET_USAGE);
    return EXIT.ok;
  }
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const name of SIGNALS) process.once(name, interrupt);
  try {
    const { output } = options;
    const isFile = output !== undefined && !isStream(output);
    if (!isFile) return await getStream(options, output, interruption.signal);
    return await getFile(options, output, interruption.signal);
  } catch (error) {
    const isAnothers = /^E(?:BUSY|EXIST)$/.test((error as NodeJS.ErrnoException).code ?? '');
    const kept = options.isResumed && !isAnothers ? whatIsKept(options.output!) : undefined;
    if (interruption.signal.aborted) {
      complain(`interrupted; ${kept ?? 'nothing was kept'}`);
      return EXIT.interrupted;
    }
    const code = explain(error, options);
    if (kept !== undefined) warn(kept);
    return code;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}

/** Into a file: `download` does it. */
async function getFile(options: GetOptions, output: string, signal: AbortSignal): Promise<number> {
  const { url, isResumed, retries, isQuiet } = options;
  const progress = new Progress(!isQuiet && process.stderr.isTTY);
  try {
    const downloading: DownloadOptions = {
      ...optionsOf(options, signal),
      ...{ resume: isResumed, retries },
      onProgress: (now) => progress.show(now),
      onRetry: (error, retry) => {
        if (!isQuiet) progress.interrupt(() => warn(`${error.message}; trying again (${retry} of ${retries})`));
      },
    };
    const verdict = await downloadBy(
      settingsWith(url, downloading, () => options.fields),
      output,
      downloading,
    );
    progress.stop();
    conclude(verdict, progress, isQuiet);
    return EXIT.ok;
  } finally {
    progress.stop();
  }
}

/** Into what is no file: standard output, a pipe, a device. There is nothing to be renamed or continued. */
async function getStream(options: GetOptions, output: string | undefined, signal: AbortSignal): Promise<number> {
  const { url, isQuiet } = options;
  const settings = settingsWith(url, optionsOf(options, signal), () => options.fields);
  const { body, message, close } = await openVerified(settings.url, settings.headers, settings);
  const progress = new Progress(!isQuiet && process.stderr.isTTY && (output !== undefined || !process.stdout.isTTY));
  try {
    const total = lengthOf(message.headers['content-length']);
    const counter = new Transform({
      transform(data: Buffer, _encoding, callback) {
        progress.show({ bytes: progress.bytes + data.length, ...(total !== undefined && { total }) });
        callback(null, data);
      },
    });
    if (output === undefined) await pipeline(body, counter, process.stdout as Writable, { end: false });
    else await pipeline(body, counter, createWriteStream(output, { flags: 'w' }));
    progress.stop();
    conclude(await body.verdict, progress, isQuiet);
    return EXIT.ok;
  } finally {
    progress.stop();
    close();
  }
}

function optionsOf(options: GetOptions, signal: AbortSignal): DownloadOptions {
  const { require, maxRedirects, idleTimeout, totalTimeout } = options;
  return { require, maxRedirects, idleTimeout, totalTimeout, headTimeout: idleTimeout, signal };
}

function lengthOf(field: string | undefined): number | undefined {
  return field === undefined ? undefined : Number(field);
}

/** A pipe, a device, and what `/dev/stdout` and process substitutions are: written to as they stand. */
function isStream(output: string): boolean {
  if (/^\/(?:dev|proc)\//.test(path.resolve(output))) return true;
  const stats = statSync(output, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** In words, if there is something for the next run. */
function whatIsKept(output: string): string | undefined {
  const part = partFor(existsSync(output) ? realpathSync(output) : output);
  if (!existsSync(`${part}.json`)) return undefined;
  return `what came is kept in ${part}, and get --resume continues it`;
}

function warnIfUnverified(verdict: Verdict): void {
  if (verdict.kind !== 'unverified' || verdict.digest === 'match') return;
  warn(`${verdict.reason}: the server does not say whether this is all of it (--require always makes this fail)`);
}

function conclude(verdict: Verdict, progress: Progress, isQuiet: boolean): void {
  warnIfUnverified(verdict);
  if (isQuiet || !process.stderr.isTTY) return;
  process.stderr.write(`${paint(process.stderr, 'green', verdict.kind)}: ${progress.summary()}\n`);
}

/** Says on stderr what went wrong, and gives the exit code for it. */
function explain(error: unknown, { url, output = '' }: GetOptions): number {
  if (error instanceof StatusError) {
    complain(error.message);
    return EXIT.status;
  }
  if (error instanceof HeadError) {
    const { syscall } = (error.cause ?? {}) as NodeJS.ErrnoException;
    if (error.cause instanceof Error && (syscall === 'connect' || syscall === 'getaddrinfo')) {
      complain(`${url.host} cannot be reached: ${error.cause.message || (error.cause as NodeJS.ErrnoException).code}`);
      return EXIT.noResponse;
    }
    complain(`${error.code}: no response from ${url.host}: ${error.message}`);
    return EXIT.noResponse;
  }
  if (!(error instanceof BodyError)) {
    complain(describeLocal(error as NodeJS.ErrnoException, output));
    return EXIT.local;
  }
  const { verdict } = error;
  complain(`${verdict.kind} after ${formatCount(verdict.bytes)} bytes: ${verdict.reason}  [${error.code}]`);
  return exitCodeOf(verdict.kind);
}

function describeLocal({ code, syscall, message }: NodeJS.ErrnoException, output: string): string {
  if (code === 'ENOENT') {
    return `${output} cannot be written: there is no directory ${path.dirname(path.resolve(output))}`;
  }
  if (syscall !== undefined) return `${output} cannot be written: ${message}`;
  return code === undefined ? message : message.replace(`${code}: `, '');
}

function readOptions(args: string[]): GetOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      resume: { type: 'boolean', default: false },
      retries: { type: 'string' },
      require: { type: 'string', default: 'announced' },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      plain: { type: 'boolean', default: false },
      'max-redirects': { type: 'string', default: '10' },
      'idle-timeout': { type: 'string', default: '300' },
      'total-timeout': { type: 'string', default: '86400' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const [address] = positionals;
  if (address === undefined || positionals.length > 1) throw new UsageError('get takes one URL');
  if (/^[\w.-]+:\d+(?:\/|$)/.test(address)) throw new UsageError(`"${address}" lacks its scheme: http://${address}`);
  if (!URL.canParse(address)) throw new UsageError(`"${address}" is not a URL; it starts with http:// or https://`);
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`only http: and https: are supported, not ${url.protocol}`);
  }
  if (values.output !== undefined && (values.output === '' || /[/\\]$/.test(values.output))) {
    throw new UsageError(`-o takes the name of a file, not "${values.output}"`);
  }
  const { require } = values;
  if (require !== 'announced' && require !== 'always' && require !== 'never') {
    throw new UsageError(`--require takes announced, always or never, not "${require}"`);
  }
  const output = values.output === '-' ? undefined : values.output;
  if (values.resume && output === undefined) throw new UsageError('--resume needs a file to continue: -o <file>');
  if (values.resume && values.plain) throw new UsageError('--resume asks for the status: it cannot go with --plain');
  const own = ownFields(values.header);
  if (values.resume) assertResumable(own);
  return {
    url,
    output,
    isResumed: values.resume,
    retries: wholeNumber('--retries', values.retries ?? (values.resume ? '5' : '0')),
    require,
    fields: requestFields(url, own, values.plain),
    maxRedirects: wholeNumber('--max-redirects', values['max-redirects']),
    idleTimeout: 1000 * wholeNumber('--idle-timeout', values['idle-timeout']),
    totalTimeout: 1000 * wholeNumber('--total-timeout', values['total-timeout']),
    isQuiet: values.quiet,
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`${option} takes a whole number, not "${text}"`);
  return Number(text);
}

function ownFields(headerLines: readonly string[]): FieldPairs {
  const own: FieldPairs = headerLines.map((line) => {
    const [, name, value] = /^([^:]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new UsageError(`-H takes "Name: value", not "${line}"`);
    return [name, value];
  });
  try {
    serializeFieldLines(own);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return own;
}

function assertResumable(own: FieldPairs): void {
  const names = own.map(([name]) => name.toLowerCase());
  const ours = names.find((name) => name === 'range' || name === 'if-range');
  if (ours !== undefined) throw new UsageError(`--resume sends ${ours} itself: leave it out`);
}

function requestFields(url: URL, own: FieldPairs, isPlain: boolean): FieldPairs {
  const asking = isPlain ? {} : { ...requestHeaders(), ...WANT_REPR_DIGEST };
  try {
    return requestFieldsFor(url, Object.entries({ 'User-Agent': USER_AGENT, Accept: '*/*', ...asking }), own);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
