/**
 * download: a URL into a file that appears only when it is whole. What breaks is continued where it broke, by a Range
 * request (RFC 9110 §14) that holds for the same representation only (If-Range, a strong validator): without one, and
 * whenever anything about the answer is doubtful, it starts again.
 *
 * Which bytes are kept: those that a digest of their sender covers, such as what came before a failure that was told;
 * and others only where nothing is lost by it: a Repr-Digest will vouch for the whole, or nobody had promised to.
 */
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { preferredDigest } from '../../core/content-digest.ts';
import { FramingError } from '../../core/errors.ts';
import { fieldValue, namesOf, serializeFieldLines, withoutFields } from '../../core/fields.ts';
import {
  aBoolean,
  aFunction,
  anAbortSignal,
  aString,
  assertOptions,
  integer,
  JUDGING,
  namesAndValues,
  type OptionChecks,
  shown,
} from '../../core/options.ts';
import { BodyError, judge, type Verdict } from '../../core/verdict.ts';
import type { Require } from '../../core/verifier.ts';
import { publishVerdict } from '../../node/diagnostics.ts';
import { requestHeaders } from '../../node/head/request-headers.ts';
import { BODY_TIMEOUTS, type BodyTimeoutOptions, timeoutFrom } from '../../node/timeouts.ts';
import {
  type AttemptSettings,
  attempt,
  type DownloadProgress,
  identityOf,
  MIN_ADVANCE,
  mayKeepUnverified,
} from './attempt.ts';
import { parseChecksum } from './digest.ts';
import { PartFile, type PartSettings } from './part-file.ts';
import type { RequestFields } from './request.ts';
import { defaultRetryDelay, isWorthRetrying, retryAfterOf } from './retry.ts';

/** `idleTimeout` and `totalTimeout` are for each response. */
export interface DownloadOptions extends BodyTimeoutOptions {
  /**
   * Keeps what has come in `<file>.part`, with its state in `<file>.part.json`, when the download fails, is cancelled or
   * killed, and continues it in the next call with `resume`. Without it, nothing is left. `false` by default.
   */
  resume?: boolean;
  /** When a body without a status is an error. `announced` by default. */
  require?: Require;
  /** Further request fields, which replace those of the same name that are sent anyway. */
  headers?: Readonly<Record<string, string>>;
  /** How many further requests there may be one after the other that get it no 64 KiB further. 5 by default. */
  retries?: number;
  /** Milliseconds before the nth further request. By default 1 s, 2 s, 4 s ... 30 s, less a random part. */
  retryDelay?: (retry: number) => number;
  /**
   * Milliseconds for all of it, with the further requests and the waits between them. Default 604,800,000 (a week); 0 or
   * Infinity for no bound.
   */
  maxTime?: number;
  /**
   * The digest of the whole as it was published, `sha-256=` or `sha-512=` and its hexadecimal digits. A file with another
   * one does not appear. It proves a body as a status does.
   */
  checksum?: string;
  /** Gives the file the time of its last change at the server, if that is told (Last-Modified). `false` by default. */
  remoteTime?: boolean;
  /** Told whenever bytes have come. What it throws ends the download. */
  onProgress?: (progress: DownloadProgress) => void;
  /** Called before each retry, and the wait before that, in milliseconds. */
  onRetry?: (error: Error, retry: number, delay: number) => void;
  /** Cancels: `download` rejects with an AbortError, or with the signal's reason before a response. */
  signal?: AbortSignal;
  /** Milliseconds to wait for a whole head. Default 300,000; 0 or Infinity for no bound. */
  headTimeout?: number;
  /** 10 by default. */
  maxRedirects?: number;
  /** The agent for a URL, for certificates and proxies; by default each request has a connection of its own. */
  agent?: (url: URL) => Agent | undefined;
}

const CHECKS: OptionChecks<DownloadOptions> = {
  ...BODY_TIMEOUTS,
  resume: aBoolean,
  require: JUDGING.require,
  headers: namesAndValues,
  retries: integer('an integer from 0 on', 0),
  retryDelay: aFunction,
  maxTime: timeoutFrom,
  checksum: parseChecksum,
  remoteTime: aBoolean,
  onProgress: aFunction,
  onRetry: aFunction,
  signal: anAbortSignal,
  headTimeout: timeoutFrom,
  maxRedirects: integer('an integer from 0 on', 0),
  agent: aFunction,
};

/**
 * Gets the URL into the file: verified, and put under its name only when it is whole, in the place of what was there.
 *
 * @returns the verdict on the whole, `complete` or `unverified`; `bytes` are those of the file, `status` and `trailers`
 *   those of the last response
 * @throws BodyError of the last response's verdict; ERR_BODY_MISMATCH if a Repr-Digest disagrees with the whole
 * @throws HeadError ERR_NO_RESPONSE, ERR_HEAD_MALFORMED, ERR_HEAD_LIMIT, ERR_HEAD_TIMEOUT if no response came
 * @throws StatusError for a response that is not 2xx, or brings a part that was not asked for; one redirect too many
 * @throws Error of the file system, with its code (ENOSPC, EACCES ...); EBUSY if another `resume` is at work on the same file,
 *   EEXIST if a `.part` beside it is not provably ours, EACCES if the file is read-only
 * @throws TypeError, RangeError for an invalid URL or option
 * @example
 * const { bytes, digest } = await download('https://example.com/image.iso', 'image.iso', { resume: true });
 */
export async function download(url: URL | string, file: string, options: DownloadOptions = {}): Promise<Verdict> {
  assertOptions('download', options, CHECKS);
  aString(file as never, 'The file of download');
  return downloadBy(settingsFrom(url, options), file, options);
}

/** What the command line asks for besides. */
export interface FurtherOptions extends DownloadOptions, Pick<PartSettings, 'mayReplace'> {}

/** `download` with settings made. */
export async function downloadBy(settings: AttemptSettings, file: string, options: FurtherOptions): Promise<Verdict> {
  const { origin, pathname, search } = settings.url;
  const facts = () => ({ receiver: 'download', method: 'GET', origin, path: `${pathname}${search}` }) as const;
  try {
    const verdict = await downloadWhole(settings, file, options);
    publishVerdict(verdict, facts);
    return verdict;
  } catch (error) {
    if (error instanceof BodyError) publishVerdict(error.verdict, facts);
    throw error;
  }
}

async function downloadWhole(settings: AttemptSettings, file: string, options: FurtherOptions): Promise<Verdict> {
  settings.signal?.throwIfAborted();
  if (settings.maxTime === 0) return downloadWithin(settings, file, options, undefined);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), settings.maxTime);
  const signal = settings.signal ? AbortSignal.any([settings.signal, deadline.signal]) : deadline.signal;
  try {
    const bounded = { ...settings, signal, verifying: { ...settings.verifying, signal } };
    return await downloadWithin(bounded, file, options, deadline.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function downloadWithin(
  settings: AttemptSettings,
  file: string,
  options: FurtherOptions,
  deadline: AbortSignal | undefined,
): Promise<Verdict> {
  const { retries = 5, retryDelay = defaultRetryDelay, resume = false, remoteTime = false, onRetry } = options;
  const { mayReplace = true } = options;
  const { signal } = settings;
  const part = await PartFile.open(file, {
    source: identityOf(settings.url),
    keepsOverRuns: resume,
    mayReplace,
    isUsable: (state) => state.isVerified || mayKeepUnverified(state, settings.require),
    signal,
  }).catch((error: unknown) => {
    throw deadline?.aborted ? tooLong(0) : error; // what is there takes time to be hashed
  });
  let furthest = part.bytes;
  try {
    for (let retry = 0; ; ) {
      const hasEarlier = part.bytes > 0;
      try {
        const outcome = await attempt(part, settings);
        if ('verdict' in outcome) {
          await part.finish(remoteTime ? outcome.modified : undefined);
          return outcome.verdict;
        }
        if (outcome.hasAdvanced) continue;
        const why = new FramingError(
          'ERR_FRAMING_TRUNCATED',
          'The server gives parts that are far shorter than asked for',
        );
        throw new BodyError('ERR_BODY_TRUNCATED', judge({ bytes: part.bytes, error: why }));
      } catch (error) {
        // What came in parts and is not vouched for may be, in one piece.
        const isUnverified = error instanceof BodyError && error.code === 'ERR_BODY_UNVERIFIED';
        if (part.bytes >= furthest + MIN_ADVANCE) {
          furthest = part.bytes;
          retry = 0;
        }
        if (retry >= retries || !(isWorthRetrying(error) || (isUnverified && hasEarlier))) throw error;
        retry++;
        await part.note();
        const delay = Math.max(retryDelay(retry), retryAfterOf(error));
        onRetry?.(error as Error, retry, delay);
        await sleep(delay, undefined, signal && { signal });
      }
    }
  } catch (error) {
    const { bytes } = part;
    await part.abandon().catch(() => {}); // what stays beside it is not why
    throw deadline?.aborted ? tooLong(bytes) : await part.named(error);
  }
}

export function tooLong(bytes: number): BodyError {
  const error = new FramingError('ERR_FRAMING_TIMEOUT', 'The download took longer than maxTime');
  return new BodyError('ERR_BODY_TIMEOUT', judge({ bytes, error }));
}

/** @throws TypeError, RangeError for an invalid URL or option */
function settingsFrom(url: URL | string, options: DownloadOptions): AttemptSettings {
  const { headers = {} } = options;
  return settingsWith(url, options, (parsed) => fieldsFrom(parsed, headers));
}

export function settingsWith(
  url: URL | string,
  options: DownloadOptions,
  fieldsOf: (url: URL) => RequestFields,
): AttemptSettings {
  const { require = 'announced', signal, onProgress, maxRedirects = 10, agent } = options;
  const { maxTime = 604_800_000, checksum } = options;
  const { idleTimeout, totalTimeout, headTimeout = 300_000 } = options;
  const parsed = urlFrom(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new TypeError(`Only http: and https: can be downloaded, not ${parsed.protocol}`);
  }
  const timeouts = {
    ...(idleTimeout !== undefined && { idleTimeout }),
    ...(totalTimeout !== undefined && { totalTimeout }),
  };
  const proof = checksum === undefined ? undefined : parseChecksum(checksum);
  const headers = fieldsOf(parsed);
  const wanted = preferredDigest(fieldValue(headers, 'want-content-digest'));
  const digest = wanted === undefined || wanted === 'none' ? 'sha-256' : wanted;
  return {
    url: parsed,
    headers,
    require,
    // With a checksum, that decides in the end.
    verifying: { require: proof === undefined ? require : 'never', digest, ...timeouts, ...(signal && { signal }) },
    signal,
    maxTime: timeoutFrom(maxTime, 'maxTime'),
    checksum: proof,
    headTimeout: timeoutFrom(headTimeout, 'headTimeout'),
    maxRedirects,
    agent,
    onProgress,
  };
}

/** Up to the last @: in what is not a URL, a password may have anything in it. */
const CREDENTIALS = /^((?:[a-z][a-z\d+.-]*)?:?[/\\]+)?.*@/is;

/** @throws TypeError that says which, without a password */
export function urlFrom(url: URL | string): URL {
  try {
    return new URL(url);
  } catch {
    const said = shown(typeof url === 'string' ? url.replace(CREDENTIALS, '$1') : url);
    throw new TypeError(`${said} is not a URL; it starts with http:// or https://`);
  }
}

/** @throws TypeError for fields that are ours to send, or that cannot be sent */
function fieldsFrom(url: URL, own: Readonly<Record<string, string>>): RequestFields {
  serializeFieldLines(Object.entries(own));
  for (const name of Object.keys(own)) {
    if (/^(?:if-)?range$/i.test(name)) throw new TypeError(`${name} is set by download: leave it out`);
  }
  return requestFieldsFor(url, Object.entries({ ...requestHeaders(), ...WANT_REPR_DIGEST }), Object.entries(own));
}

export const WANT_REPR_DIGEST = { 'Want-Repr-Digest': 'sha-256=10' };

/**
 * The fields, those of the URL's credentials, and the user's own, which replace the others of the same name.
 *
 * @throws TypeError for credentials that are not percent-encoded
 */
export function requestFieldsFor(url: URL, fields: RequestFields, own: RequestFields): RequestFields {
  const hasCredentials = url.username !== '' || url.password !== '';
  const authorization: RequestFields = hasCredentials
    ? [['Authorization', `Basic ${Buffer.from(credentialsOf(url)).toString('base64')}`]]
    : [];
  return [...withoutFields([...fields, ...authorization], namesOf(own)), ...own];
}

function credentialsOf({ username, password }: URL): string {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    throw new TypeError('The user name or the password in the URL is not percent-encoded as it should be');
  }
}
