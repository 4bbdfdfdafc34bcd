/**
 * sendFile: a file as a response of `respond`, with all that a client needs to get the rest of it later: parts (RFC 9110
 * §14), validators (§8.8), preconditions (§13), and the digest of the whole (RFC 9530 §3).
 *
 * The entity tag is made of the content, so that equal files on several servers have equal tags. Content never waits for
 * it: a small file is hashed before its head is sent, a large one in the background, once. Until then it has a
 * Last-Modified only, and a client that wants a Repr-Digest gets it as a trailer of whatever reaches the end of the file.
 */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { OutgoingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type FieldPairs, fieldValue, namesOf, withoutFields } from '../core/fields.ts';
import { aString, assertOptions, mustBe, type OptionChecks } from '../core/options.ts';
import { createHasher } from '../node/hashing.ts';
import type { Ending, RequestFacts } from '../node/send/negotiation.ts';
import { assertUnanswered, assertWritable, type RespondTarget, respond, respondWith } from '../node/send/respond.ts';
import { RESPOND_CHECKS, type RespondOptions } from '../node/send/respond-options.ts';
import { applicationFields, errorMessage, removeContentFields } from '../node/send/response-head.ts';
import { assertBelow, below } from './below.ts';
import { etagOf, field, ifRangeHolds, preconditionStatus, type Validators } from './etag.ts';
import { readContent } from './file-content.ts';
import { mediaTypeOf } from './media-type.ts';
import { digestForHead, Learning, reprDigest, SMALL_BYTES, wantsReprDigest } from './repr-digest.ts';
import { requestedRange } from './requested-range.ts';

export interface SendFileOptions
  extends Pick<
    RespondOptions,
    'request' | 'headers' | 'digest' | 'describeError' | 'errorResponse' | 'signal' | 'idleTimeout' | 'lingerTimeout'
  > {
  /**
   * The directory that the path is below. Then the path may come from the request, percent-decoded: `..`, and links that
   * lead out of the root, are answered with 403.
   */
  root?: string;
  /** The SHA-256 of the content in hexadecimal, where the application knows it: then nothing is hashed for the head. */
  sha256?: string | undefined;
}

const { request, headers, digest, describeError, errorResponse, signal, idleTimeout, lingerTimeout } = RESPOND_CHECKS;
const CHECKS: OptionChecks<SendFileOptions> = {
  ...{ request, headers, digest, describeError, errorResponse, signal, idleTimeout, lingerTimeout },
  root: mustBe('the name of a directory', (value) => typeof value === 'string' && value !== ''),
  sha256: mustBe('the 64 hexadecimal digits of a SHA-256', (value) => /^[0-9a-f]{64}$/i.test(`${value}`)),
};

/** What has been sent. */
export interface SentFile {
  /** 200, 206, 304; 403, 404, 405, 412, 416 */
  status: number;
  /** Bytes of the file that were read for the client. */
  bytes: number;
  ending: Ending;
}

/**
 * Answers a GET or HEAD with the file, or the part of it that was asked for: sealed for a client that reads trailers, with
 * Content-Length for every other one. A file that changes while it is sent fails. The Content-Type is by the file's name.
 *
 * Fields in `headers`, and those that were set on the ServerResponse, go before those that are made here.
 *
 * @returns once the answer is out: also a 304, 412 or 416, a 405 for another method, or a 404 for what is not a readable
 *   file (403 below `root` and for a lack of rights); `errorResponse` gets the error of these, which has a `statusCode`, and may answer otherwise
 * @throws Error why a response with the file did not become whole: it was ended accordingly
 * @throws TypeError for invalid options; as `respond`
 * @example
 * app.get('/files/*name', (req, res) => sendFile(res, req.params.name.join('/'), { root: '/srv/files' }));
 * @example
 * http.createServer((req, res) => sendFile(res, 'report.pdf').catch(log));
 */
export async function sendFile(target: RespondTarget, path: string, options: SendFileOptions = {}): Promise<SentFile> {
  assertOptions('sendFile', options, CHECKS);
  // One that was not configured would open every file to whoever names it.
  if ('root' in options) CHECKS.root(options.root as never, 'root');
  const { error, ...sent } = await answerWithFile(target, path, options);
  if (error !== undefined) throw error;
  return sent;
}

export interface Answered extends SentFile {
  error: unknown;
}

/** @param failAfter breaks the response on purpose after so many bytes */
export async function answerWithFile(
  target: RespondTarget,
  path: string,
  options: SendFileOptions,
  failAfter = Number.POSITIVE_INFINITY,
): Promise<Answered> {
  assertWritable(target, 'sendFile takes a', 'a stream of node:http2 or a socket');
  assertUnanswered(target);
  const { root, sha256: _, ...responding } = options;
  const request = options.request ?? ('writeHead' in target ? (target.req as RequestFacts | undefined) : undefined);
  if (request === undefined) {
    throw new TypeError(
      'sendFile on a socket or stream needs the request that it answers: { request }, as respond does',
    );
  }
  const { method = 'GET' } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    const error = new Error(`A file is sent for GET and HEAD, not for ${method}`);
    return refuse(target, 405, error, request, responding, [['Allow', 'GET, HEAD']]);
  }
  let opened: Opened;
  try {
    aString(path as never, 'The path of sendFile');
    opened = await (root === undefined ? openFile(path) : openBelow(root, path));
  } catch (error) {
    return refuse(target, statusOf(error), error, request, responding);
  }
  const { handle } = opened;
  try {
    const plan = await planFor(target, request, opened, path, options);
    if ('error' in plan) return await refuse(target, plan.status, plan.error, request, responding, plan.fields);
    const { first, end, learning, isDigestTold } = plan;
    // Without a length, a failure after the last byte shows too.
    const length = failAfter <= end - first ? undefined : plan.responding.length;
    const response = respondWith(learning?.createHasher ?? createHasher, target, {
      ...{ ...responding, ...plan.responding, request, length },
      ...(isDigestTold && { extraTrailers: learning?.trailers }),
    });
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    let bytes = 0;
    const source = async function* () {
      const failing = first + failAfter;
      const hasLetGo = () => response.hasLetGo;
      for await (const data of readContent(handle, opened.stats, first, Math.min(end, failing), hasLetGo)) {
        bytes += data.length;
        yield data;
      }
      if (failing <= end) throw new Error(`Failed on purpose after ${failAfter} bytes`);
      if (isDigestTold) await learning?.settle(closed.signal);
    };
    const isBodiless = request.method === 'HEAD' || plan.responding.status === 304;
    const error = await pipeline(isBodiless ? Readable.from([]) : source, response).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    learning?.finish();
    const ending = response.ending ?? 'none';
    return { status: ending === 'error-response' ? 500 : (plan.responding.status ?? 200), bytes, ending, error };
  } finally {
    await handle.close();
  }
}

interface Opened {
  handle: FileHandle;
  file: string;
  stats: BigIntStats;
}

async function openBelow(root: string, name: string): Promise<Opened> {
  const opened = await openFile(await below(root, name));
  try {
    await assertBelow(root, name, opened.handle);
    return opened;
  } catch (error) {
    await opened.handle.close();
    throw error;
  }
}

async function openFile(file: string): Promise<Opened> {
  // Without waiting for the other end of a FIFO.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile()) return { handle, file, stats };
    throw Object.assign(new Error(`${file} is not a regular file`), { code: 'ENOENT' });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** An error that is not among these is ours: 500. */
const STATUSES: Readonly<Record<string, number>> = {
  EACCES: 403,
  EPERM: 403,
  ...{ ENOENT: 404, ENOTDIR: 404, EISDIR: 404, ELOOP: 404, ENAMETOOLONG: 404, ENXIO: 404, ERR_INVALID_ARG_VALUE: 404 },
};

function statusOf(error: unknown): number {
  const { code = '' } = error as NodeJS.ErrnoException;
  return Object.hasOwn(STATUSES, code) ? STATUSES[code]! : 500;
}

interface Plan {
  first: number;
  end: number;
  responding: RespondOptions;
  /** Undefined where the digest of the whole is known, or nothing is sent. */
  learning?: Learning;
  /** Whether the end of the content is to tell it. */
  isDigestTold?: boolean;
}

interface Refusal {
  status: number;
  error: unknown;
  fields: FieldPairs;
}

type Responding = Omit<SendFileOptions, 'root' | 'sha256'>;

async function planFor(
  target: RespondTarget,
  request: RequestFacts,
  { file, stats }: Opened,
  name: string,
  options: SendFileOptions,
): Promise<Plan | Refusal> {
  const { method = 'GET', headers } = request;
  const size = Number(stats.size);
  const own = fieldsBefore(target, options);
  const { sha256 } = options;
  const digest = sha256 !== undefined ? Buffer.from(sha256, 'hex') : await digestForHead(request, file, stats, own);
  const validators = validatorsOf(own, digest, stats);
  const ours: FieldPairs = [['Accept-Ranges', 'bytes']];
  if (validators.etag !== undefined) ours.push(['ETag', validators.etag]);
  if (validators.modified * 1000 <= Date.now()) {
    ours.push(['Last-Modified', new Date(validators.modified * 1000).toUTCString()]);
  }
  const failed = preconditionStatus(headers, validators);
  if (failed === 412) return refusal(412, 'A precondition of the request does not hold', ours);
  const fields = (more: FieldPairs) => merged(own, [...ours, ...more], isShared(target));
  if (failed === 304) {
    return { first: 0, end: 0, responding: { status: 304, headers: fields([]) } };
  }
  const rangeField = method === 'GET' ? field(headers, 'range') : undefined;
  const isPart = rangeField !== undefined && ifRangeHolds(headers, validators);
  const range = isPart ? requestedRange(rangeField, size) : undefined;
  if (range === 'unsatisfiable') {
    return refusal(416, 'The file has no such part', [...ours, ['Content-Range', `bytes */${size}`]]);
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  const end = last + 1;
  const about: FieldPairs = [['Content-Type', mediaTypeOf(name)]];
  if (range !== undefined) about.push(['Content-Range', `bytes ${first}-${last}/${size}`]);
  const wants = wantsReprDigest(headers);
  if (digest !== undefined && wants !== false) about.push(reprDigest(digest));
  const status = range === undefined ? 200 : 206; // whatever stands on the response: Koa puts 404 there
  const responding: RespondOptions = { status, headers: fields(about), length: end - first };
  const isWhole = end - first === size;
  if (digest === undefined) {
    return {
      first,
      end,
      responding,
      learning: new Learning(file, stats, isWhole),
      isDigestTold: wants === true && end === size,
    };
  }
  // The head proves it: the same bytes are not hashed again for a large file.
  if (stats.size > SMALL_BYTES && range === undefined && wants !== false) responding.digest = options.digest ?? false;
  return { first, end, responding };
}

function validatorsOf(own: FieldPairs, digest: Buffer | undefined, { mtimeNs, ctimeNs }: BigIntStats): Validators {
  const modified = Number(mtimeNs / 1_000_000_000n);
  return {
    etag: fieldValue(own, 'etag') ?? (digest && etagOf(digest)),
    modified,
    // A time that was set, as of a copy, says nothing of the content; nor does one that may still come twice.
    isModifiedStrong: Number(ctimeNs / 1_000_000_000n) === modified && Date.now() >= (modified + 2) * 1000,
  };
}

/** The application's own fields: those of the options, and those that were set on the ServerResponse. */
function fieldsBefore(target: RespondTarget, { headers = {} }: Responding): FieldPairs {
  const { fields, asksToClose } = applicationFields(headers);
  const given: FieldPairs = asksToClose ? [...fields, ['Connection', 'close']] : fields;
  if (!('writeHead' in target)) return given;
  const set = target
    .getHeaderNames()
    .flatMap((name) => [target.getHeader(name)].flat().map((value): [string, string] => [name, String(value)]));
  return [...given, ...withoutFields(set, ['connection', ...namesOf(given)])];
}

/** Ours, where the application has none of its own. */
function merged(own: FieldPairs, ours: FieldPairs, isShared: boolean): FieldPairs {
  const fields = [...own, ...withoutFields(ours, namesOf(own))];
  if (!isShared) return fields;
  // A compressor below us would change what the tag, the digest and the range are of.
  const control = fieldValue(own, 'cache-control');
  return [
    ...withoutFields(fields, ['cache-control']),
    ['Cache-Control', control === undefined ? 'no-transform' : `${control}, no-transform`],
  ];
}

/** Whether middleware may change what is written. */
function isShared(target: RespondTarget): boolean {
  if (!('writeHead' in target)) return false;
  const isOwn = Object.hasOwn(target, 'write');
  return 'stream' in target ? isOwn : isOwn || target.write !== OutgoingMessage.prototype.write;
}

function refusal(status: number, message: string, fields: FieldPairs): Refusal {
  return { status, error: new Error(message), fields };
}

/** An answer without the file, and without what was said of it. */
async function refuse(
  target: RespondTarget,
  statusCode: number,
  error: unknown,
  request: RequestFacts,
  { headers: _, errorResponse, ...options }: Responding,
  fields: FieldPairs = [],
): Promise<Answered> {
  const given = Object.assign(error instanceof Error ? error : new Error(String(error)), { statusCode });
  const message = errorMessage(given, errorResponse ?? undefined, statusCode);
  if ('writeHead' in target) removeContentFields(target);
  const about = withoutFields(message.fields, ['content-length']);
  const { status, content } = message;
  const length = content.length;
  const response = respond(target, { ...options, request, status, headers: [...fields, ...about], length });
  const failure = await pipeline(Readable.from(request.method === 'HEAD' ? [] : [content]), response).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const ending = response.ending ?? 'none';
  return { status, bytes: 0, ending, error: failure ?? (statusCode === 500 ? error : undefined) };
}
