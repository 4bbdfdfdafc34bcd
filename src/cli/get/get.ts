/** chunked-trailers get: one URL, whose content is kept only on a good verdict, and an exit code that says which. */
import { createHash } from 'node:crypto';
import { existsSync, fstatSync, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { areSameOctets } from '../../core/content-digest.ts';
import { HeadError } from '../../core/errors.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { BodyError, unsealedVerdict, type Verdict } from '../../core/verdict.ts';
import type { AttemptSettings } from '../../files/download/attempt.ts';
import { disagreement } from '../../files/download/digest.ts';
import {
  type DownloadOptions,
  downloadBy,
  type FurtherOptions,
  settingsWith,
  tooLong,
} from '../../files/download/download.ts';
import { partFor } from '../../files/download/ownership.ts';
import { danglingEnd } from '../../files/download/part-file.ts';
import { lengthFrom, openVerified, requestFollowing, statusError } from '../../files/download/request.ts';
import { defaultRetryDelay, isIssuerUnknown, isWorthRetrying, retryAfterOf } from '../../files/download/retry.ts';
import { StatusError } from '../../files/download/status-error.ts';
import { systemReason } from '../../files/system-reason.ts';
import { EXIT, exitCodeOf, interruptible } from '../exit-codes.ts';
import { complain, formatCount, formatTime, paint, warn } from '../terminal.ts';
import { GET_USAGE, UsageError } from '../usage.ts';
import { nameFromDisposition } from './file-name.ts';
import { type GetOptions, readOptions } from './options.ts';
import { isStream, openOutput } from './output-stream.ts';
import { Progress } from './progress.ts';

export async function get(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(GET_USAGE);
    return EXIT.ok;
  }
  return interruptible(async (interruption) => {
    try {
      await nameByServer(options, interruption);
      const { output } = options;
      if (output !== undefined && !isStream(output)) return await getFile(options, output, interruption);
      assertForStream(options, output);
      return await getStream(options, output, interruption);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const isAnothers = /^E(?:BUSY|EXIST)$/.test((error as NodeJS.ErrnoException).code ?? '');
      const kept = options.isResumed && !isAnothers ? await whatIsKept(options.output!) : undefined;
      if (interruption.aborted) {
        complain(`interrupted; ${kept ?? 'nothing was kept'}`);
        return leave(EXIT.interrupted);
      }
      const code = explain(error, options);
      if (kept !== undefined) warn(kept);
      return code;
    }
  });
}

/** -J: a request first, for the name in its Content-Disposition. What is there is not replaced under such a name. */
async function nameByServer(options: GetOptions, signal: AbortSignal): Promise<void> {
  if (!options.isNamedByServer) return;
  const bounded = within(options.maxTime, signal);
  const field = await dispositionOf(options, bounded).catch((error) => {
    throw bounded.aborted && !signal.aborted ? tooLong(0) : error;
  });
  const name = nameFromDisposition(field);
  if (name === null) warn(`there is no safe name in "${field}": ${options.output} it is`);
  options.output = name ?? options.output!;
  options.mayReplace = options.isResumed || options.isTimestamped;
  // A link is there, too, wherever it leads.
  if (!options.mayReplace && lstatSync(options.output, { throwIfNoEntry: false }) !== undefined) {
    throw Object.assign(new Error(`${options.output} is there already: name the file by -o`), { code: 'EEXIST' });
  }
}

/** Tried again as the download would be: without an answer there is no name. */
async function dispositionOf(options: GetOptions, signal: AbortSignal): Promise<string | undefined> {
  const { isQuiet, retries } = options;
  const settings = settingsOf(options, signal);
  const ask = async (method: 'HEAD' | 'GET') => {
    const reply = await requestFollowing(settings.url, settings.headers, { ...settings, method });
    reply.close();
    return { reply, isRefused: (reply.message.statusCode ?? 0) >= 400 };
  };
  for (let retry = 1; ; retry++) {
    try {
      let { reply, isRefused } = await ask('HEAD');
      // A URL that is signed, or a server that knows GET only.
      if (isRefused) ({ reply, isRefused } = await ask('GET'));
      if (isRefused) throw statusError(reply);
      return reply.message.headers['content-disposition'];
    } catch (error) {
      if (retry > retries || !isWorthRetrying(error)) throw error;
      const delay = Math.max(defaultRetryDelay(retry), retryAfterOf(error));
      if (!isQuiet) warn(tryingAgain(error as Error, retry, delay, retries));
      await sleep(delay, undefined, { signal });
    }
  }
}

function tryingAgain({ message }: Error, retry: number, delay: number, retries: number): string {
  return `${message}; trying again in ${formatTime(delay)} (${retry} of ${retries})`;
}

/** What is written to as it comes is neither continued nor compared with. */
function assertForStream({ isResumed, isTimestamped, retries }: GetOptions, output = 'standard output'): void {
  const option = isResumed ? '--resume' : isTimestamped ? '-N' : retries > 0 ? '--retries' : undefined;
  if (option !== undefined) throw new UsageError(`${option} needs a file, and ${output} is none: -o <file>`);
}

/** Into a file: `download` does it. */
async function getFile(options: GetOptions, output: string, signal: AbortSignal): Promise<number> {
  const { isResumed, mayReplace, retries, isQuiet, hasRemoteTime } = options;
  const progress = new Progress(!isQuiet && process.stderr.isTTY);
  const since = options.isTimestamped ? timeOf(output) : undefined;
  try {
    const downloading: FurtherOptions = {
      ...{ resume: isResumed, mayReplace, retries, remoteTime: hasRemoteTime },
      onRetry: (error, retry, delay) => {
        if (!isQuiet) progress.interrupt(() => warn(tryingAgain(error, retry, delay, retries)));
      },
    };
    const settings = settingsOf(options, signal, since === undefined ? [] : [['If-Modified-Since', since]]);
    const verdict = await downloadBy({ ...settings, onProgress: (now) => progress.show(now) }, output, downloading);
    progress.stop();
    conclude(verdict, progress, isQuiet);
    return EXIT.ok;
  } catch (error) {
    if (since === undefined || !(error instanceof StatusError) || error.statusCode !== 304) throw error;
    progress.stop();
    if (!isQuiet) process.stderr.write(`${output} is as new as what the server has\n`);
    return EXIT.ok;
  } finally {
    progress.stop();
  }
}

/** Into what is no file: standard output, a pipe, a device. There is nothing to be renamed or continued. */
async function getStream(options: GetOptions, output: string | undefined, signal: AbortSignal): Promise<number> {
  const { isQuiet, maxTime } = options;
  const bounded = within(maxTime, signal);
  const settings = settingsOf(options, bounded);
  const progress = new Progress(!isQuiet && process.stderr.isTTY && !sharesTerminal(output));
  let close = () => {};
  let last: number | undefined;
  /** Content that ends within a line, before what is said after it. */
  const endLine = () => {
    if (isTerminal(output) && process.stderr.isTTY && last !== undefined && last !== 0x0a) process.stderr.write('\n');
    last = undefined;
  };
  try {
    const reply = await openVerified(settings.url, settings.headers, settings);
    close = reply.close;
    const { headers } = reply.message;
    const total = lengthFrom(headers['content-length']) ?? lengthFrom(headers['x-stream-length']);
    const isGuarded = output === undefined && process.stdout.isTTY && !options.isStdoutAsked;
    const checked = checking(settings.checksum, isGuarded, (bytes, data) => {
      last = data.at(-1) ?? last;
      progress.show({ bytes, ...(total !== undefined && { total }) });
    });
    const sink = output === undefined ? process.stdout : await openOutput(output, bounded);
    const isOurs = sink === process.stdout || sink === process.stderr;
    await pipeline(reply.body, checked, sink, { end: !isOurs, signal: bounded });
    progress.stop();
    const verdict = await reply.body.verdict;
    endLine();
    conclude(settings.checksum === undefined ? verdict : { ...verdict, digest: 'match' }, progress, isQuiet);
    return EXIT.ok;
  } catch (error) {
    if (!bounded.aborted || signal.aborted) throw error;
    progress.stop();
    endLine();
    complain(`truncated after ${formatCount(progress.bytes)} bytes: it took longer than --max-time`);
    return leave(EXIT.truncated);
  } finally {
    progress.stop();
    endLine();
    close();
  }
}

/** The signal, which is aborted after that time as well; 0 for no bound. */
function within(maxTime: number, signal: AbortSignal): AbortSignal {
  return maxTime > 0 ? AbortSignal.any([signal, AbortSignal.timeout(maxTime)]) : signal;
}

/** At once: what stands in a pipe that nobody reads would hold the process. */
function leave(code: number): never {
  process.exit(code);
}

/** Passes content on as long as it may be shown, and ends only if the checksum agrees. */
function checking(
  checksum: AttemptSettings['checksum'],
  isGuarded: boolean,
  onBytes: (bytes: number, data: Buffer) => void,
) {
  const hash = checksum === undefined ? undefined : createHash(checksum.algorithm.replace('-', ''));
  let bytes = 0;
  return new Transform({
    transform(data: Buffer, _encoding, callback) {
      if (isGuarded && data.includes(0)) return callback(new Error(BINARY));
      hash?.update(data);
      bytes += data.length;
      onBytes(bytes, data);
      callback(null, data);
    },
    flush(callback) {
      const own = hash?.digest();
      if (own === undefined || areSameOctets(own, checksum!.digest)) return callback();
      const verdict = unsealedVerdict('mismatch', bytes, 'mismatch', disagreement(checksum!, own));
      callback(new BodyError('ERR_BODY_MISMATCH', verdict));
    },
  });
}

const BINARY = 'the content is binary, and this is a terminal: use -o <file>, or -o - to see it all the same';

function settingsOf(options: GetOptions, signal: AbortSignal, more: FieldPairs = []): AttemptSettings {
  const { url, require, maxRedirects, idleTimeout, totalTimeout, maxTime, checksum, fields } = options;
  const { proxyFor, tls, connectTimeout } = options;
  const known: DownloadOptions = {
    ...{ require, maxRedirects, idleTimeout, totalTimeout, maxTime, headTimeout: idleTimeout, signal },
    ...(checksum !== undefined && { checksum }),
  };
  return { ...settingsWith(url, known, () => [...fields, ...more]), proxyFor, tls, connectTimeout };
}

/** When the file was changed, as a field has it; undefined for one that is not there. */
function timeOf(file: string): string | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtime.toUTCString();
}

/** Whether content, or what whoever reads it makes of it, may come to the terminal on which the progress is shown. */
function sharesTerminal(output: string | undefined): boolean {
  return isTerminal(output) || statsOf(output)?.isFIFO() === true;
}

/** That of the messages, where they go to one. */
function isTerminal(output: string | undefined): boolean {
  const stats = statsOf(output);
  return stats?.isCharacterDevice() === true && (output === '/dev/tty' || stats.rdev === fstatSync(2).rdev);
}

function statsOf(output: string | undefined): Stats | undefined {
  return output === undefined ? fstatSync(1) : statSync(output, { throwIfNoEntry: false });
}

/** In words, if there is something for the next run. */
async function whatIsKept(output: string): Promise<string | undefined> {
  const part = partFor(existsSync(output) ? realpathSync(output) : await danglingEnd(output).catch(() => output));
  if (!existsSync(part) || !existsSync(`${part}.json`)) return undefined;
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
function explain(error: unknown, { output = '' }: GetOptions): number {
  if (error instanceof StatusError) {
    complain(error.message);
    return EXIT.status;
  }
  if (error instanceof HeadError) {
    const hint = isIssuerUnknown(error.cause) ? '; --cacert <file> trusts its issuer, --insecure anybody' : '';
    complain(`${error.message}${hint}  [${error.code}]`);
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

function describeLocal(error: NodeJS.ErrnoException, output: string): string {
  const { code, syscall, message } = error;
  if (code === 'EPIPE') return `${output} cannot be written: its reader has gone (EPIPE)`;
  if (syscall !== undefined) return `${output} cannot be written: ${systemReason(error)}`;
  return code === undefined ? message : message.replace(`${code}: `, '');
}
