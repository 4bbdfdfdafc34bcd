/** chunked-trailers get: one URL, whose content is kept only on a good verdict, and an exit code that says which. */
import { existsSync, realpathSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type DigestAlgorithm, preferredDigest } from '../../core/content-digest.ts';
import { HeadError } from '../../core/errors.ts';
import { type FieldPairs, fieldValue, serializeFieldLines } from '../../core/fields.ts';
import { BodyError, type Verdict } from '../../core/verdict.ts';
import type { Require } from '../../core/verifier.ts';
import { download } from '../../files/download/download.ts';
import { StatusError } from '../../files/download/status-error.ts';
import { partFor } from '../../files/download/temporary-name.ts';
import { requestHeaders } from '../../node/head/request-headers.ts';
import type { ReceiveOptions } from '../../node/receive/receive.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { complain, formatCount, paint, warn } from '../terminal.ts';
import { GET_USAGE, UsageError } from '../usage.ts';
import { OutputFile } from './output-file.ts';
import { Progress } from './progress.ts';
import { type FinalResponse, getFollowing } from './redirects.ts';

const USER_AGENT = 'chunked-trailers';

interface GetOptions {
  url: URL;
  /** Undefined: standard output. */
  output: string | undefined;
  /** Undefined: not to be resumed. */
  resume: { headers: Record<string, string>; retries: number } | undefined;
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
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await (options.resume === undefined ? getOnce : getResumed)(options, interruption.signal);
  } catch (error) {
    const kept = options.resume && whatIsKept(options.output!);
    if (interruption.signal.aborted) {
      complain(`interrupted; ${kept ?? 'nothing was kept'}`);
      return EXIT.interrupted;
    }
    const code = explain(error, options.url);
    if (kept !== undefined) warn(kept);
    return code;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function getOnce(options: GetOptions, signal: AbortSignal): Promise<number> {
  const { url, output, require, fields, maxRedirects, idleTimeout, totalTimeout, isQuiet } = options;
  const digest = digestAskedFor(fields);
  const receiving: ReceiveOptions = { require, digest, signal, idleTimeout, headTimeout: idleTimeout, totalTimeout };
  const final = await getFollowing(url, fields, maxRedirects, receiving);
  const { response, socket } = final;
  try {
    const { statusCode, statusMessage, headers } = response;
    const asksForPart = fields.some(([name]) => name.toLowerCase() === 'range');
    const isPart = !asksForPart && (statusCode === 206 || headers['content-range'] !== undefined);
    if (statusCode >= 300 || isPart) {
      const why = isPart && statusCode < 300 ? ', a part that was not asked for,' : '';
      const message = `HTTP ${statusCode} ${statusMessage}${why} for ${withoutCredentials(final.url)}`;
      throw new StatusError(message, statusCode);
    }
    const progress = new Progress(!isQuiet && process.stderr.isTTY && (output !== undefined || !process.stdout.isTTY));
    try {
      await (output === undefined ? toStdout(final, progress) : toFile(final, progress, output));
    } finally {
      progress.stop();
    }
    warnIfUnverified(await response.body.verdict);
    const { leftoverBytes } = response.body;
    if (leftoverBytes > 0) {
      warn(`${formatCount(leftoverBytes)} octets came behind the response that nobody asked for; they were not read`);
    }
    if (!isQuiet) conclude(await response.body.verdict, progress);
    return EXIT.ok;
  } finally {
    socket.destroy();
  }
}

/** A receiver hashes what it asks for. */
function digestAskedFor(fields: FieldPairs): DigestAlgorithm {
  const wanted = preferredDigest(fieldValue(fields, 'want-content-digest'));
  return wanted === undefined || wanted === 'none' ? 'sha-256' : wanted;
}

async function getResumed(options: GetOptions, signal: AbortSignal): Promise<number> {
  const { url, output, require, maxRedirects, idleTimeout, totalTimeout, isQuiet } = options;
  const { headers, retries } = options.resume!;
  const progress = new Progress(!isQuiet && process.stderr.isTTY);
  let start = 0;
  try {
    const verdict = await download(url, output!, {
      ...{ resume: true, require, headers, retries, signal, maxRedirects },
      ...{ idleTimeout, totalTimeout, headTimeout: idleTimeout },
      onProgress: ({ bytes, resumedFrom }) => {
        if (progress.bytes === 0 && start === 0) start = resumedFrom ?? 0;
        progress.bytes = Math.max(0, bytes - start);
      },
      onRetry: (error, retry) => isQuiet || warn(`${error.message}; trying again (${retry} of ${retries})`),
    });
    progress.stop();
    warnIfUnverified(verdict);
    if (!isQuiet) conclude(verdict, progress);
    return EXIT.ok;
  } finally {
    progress.stop();
  }
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

function conclude(verdict: Verdict, progress: Progress): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`${paint(process.stderr, 'green', verdict.kind)}: ${progress.summary()}\n`);
}

async function toFile({ response }: FinalResponse, progress: Progress, target: string): Promise<void> {
  let file: OutputFile;
  try {
    file = await OutputFile.create(target);
  } catch (error) {
    response.body.destroy();
    throw error;
  }
  for (const name of file.unclaimed) {
    warn(`${name} was left by an earlier get, perhaps of another machine or container: remove it if none is running`);
  }
  try {
    await pipeline(response.body, progress.counter(), file.writable);
    await file.keep();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function toStdout({ response }: FinalResponse, progress: Progress): Promise<void> {
  await pipeline(response.body, progress.counter(), process.stdout as Writable, { end: false });
}

/** Says on stderr what went wrong, and gives the exit code for it. */
function explain(error: unknown, url: URL): number {
  if (error instanceof StatusError) {
    complain(error.message);
    return EXIT.status;
  }
  if (error instanceof HeadError) {
    if (error.code === 'ERR_NO_RESPONSE' && error.bytes === 0 && error.cause instanceof Error) {
      complain(`${url.host} cannot be reached: ${error.cause.message || (error.cause as NodeJS.ErrnoException).code}`);
      return EXIT.noResponse;
    }
    const cause = error.cause instanceof Error ? ` (${error.cause.message || error.cause.name})` : '';
    complain(`${error.code}: no response from ${url.host}: ${error.message}${cause}`);
    return EXIT.noResponse;
  }
  if (!(error instanceof BodyError)) {
    complain((error as Error).message);
    return EXIT.local;
  }
  const { verdict } = error;
  complain(`${verdict.kind} after ${formatCount(verdict.bytes)} octets: ${verdict.reason}  [${error.code}]`);
  return exitCodeOf(verdict.kind);
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
    throw new UsageError(`only http: and https: can be got, not ${url.protocol}`);
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
  if (values.retries !== undefined && !values.resume) throw new UsageError('--retries goes with --resume');
  const own = ownFields(values.header);
  if (values.resume) assertResumable(own);
  return {
    url,
    output,
    resume: values.resume
      ? {
          headers: { 'User-Agent': USER_AGENT, Accept: '*/*', ...Object.fromEntries(own) },
          retries: wholeNumber('--retries', values.retries ?? '5'),
        }
      : undefined,
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
  if (new Set(names).size < names.length) throw new UsageError('--resume sends a field of -H once only');
}

function requestFields(url: URL, own: FieldPairs, isPlain: boolean): FieldPairs {
  const fields: FieldPairs = [
    ['User-Agent', USER_AGENT],
    ['Accept', '*/*'],
    ...(isPlain ? [] : Object.entries(requestHeaders())),
  ];
  if (url.username !== '') {
    fields.push(['Authorization', `Basic ${Buffer.from(credentialsOf(url)).toString('base64')}`]);
  }
  const replaced = new Set(own.map(([name]) => name.toLowerCase()));
  return [...fields.filter(([name]) => !replaced.has(name.toLowerCase())), ...own];
}

function credentialsOf(url: URL): string {
  try {
    return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  } catch {
    throw new UsageError('the user name or the password in the URL is not percent-encoded as it should be');
  }
}

function withoutCredentials(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
