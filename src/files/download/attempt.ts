/** One request of a download, and what becomes of the octets that it brings. */
import { createHash } from 'node:crypto';
import { fieldValue, listMembers } from '../../core/fields.ts';
import { BodyError, type Verdict } from '../../core/verdict.ts';
import { bodyErrorFor, type Require } from '../../core/verifier.ts';
import { type Asked, type ContentRange, partOf206, strongEtag, unsatisfiedLength } from './content-range.ts';
import { checkReprDigest, isCheckable, judgeWhole, judgeWithoutRest } from './digest.ts';
import type { PartFile } from './part-file.ts';
import { type Reply, type RequestSettings, requestFollowing } from './request.ts';
import type { Representation } from './state.ts';
import { StatusError } from './status-error.ts';

export interface DownloadProgress {
  /** Octets that are in the file. */
  bytes: number;
  /** Octets of the whole, once a response has said so. */
  total?: number;
  /** Where the response began that is being received, if it continues what was there. */
  resumedFrom?: number;
}

export interface AttemptSettings extends RequestSettings {
  url: URL;
  headers: Record<string, string>;
  require: Require;
  onProgress: ((progress: DownloadProgress) => void) | undefined;
}

/** The verdict on the whole; or that another request is needed, and whether this one got it any further. */
export type Outcome = { verdict: Verdict } | { hasAdvanced: boolean };

/** What a part that is shorter than what was asked for has to bring, or the rest would take requests without end. */
const MIN_ADVANCE = 65_536;

/** After these, what came is a start of the content as far as it goes. */
const CUT = new Set(['ERR_BODY_TRUNCATED', 'ERR_BODY_TIMEOUT', 'ERR_BODY_FAILED']);

type Facts = Omit<Representation, 'etag'> & { etag: string | undefined };

/** Whether octets may be kept for which no digest has vouched yet. */
export function mayKeepUnverified({ isReprDigestExpected, isSealed }: Omit<Facts, 'etag'>, require: Require): boolean {
  return isReprDigestExpected || (!isSealed && require !== 'always');
}

export async function attempt(part: PartFile, settings: AttemptSettings): Promise<Outcome> {
  const known = part.representation;
  const asked: Asked | undefined =
    known !== undefined && part.bytes > 0 ? { first: part.bytes, etag: known.etag, total: known.total } : undefined;
  const headers = asked && { Range: `bytes=${asked.first}-`, 'If-Range': asked.etag };
  const reply = await requestFollowing(settings.url, { ...settings.headers, ...headers }, settings);
  try {
    const { statusCode = 0, statusMessage, headers: received } = reply.message;
    // A 200 with a Content-Range is a part of something, whatever its status says.
    if (statusCode < 300 && statusCode !== 206 && received['content-range'] === undefined) {
      await part.restart();
      return await receive(part, reply, settings, factsFrom(reply), undefined);
    }
    if (
      known !== undefined &&
      asked !== undefined &&
      (statusCode === 206 || statusCode === 416 || statusCode === 412)
    ) {
      if (statusCode === 416 && isNothingMissing(reply, asked, known)) return await withoutRest(part, known, settings);
      const range = statusCode === 206 && sourceOf(reply) === known.source ? partOf206(received, asked) : undefined;
      if (typeof range === 'object') {
        return await receive(part, reply, settings, mergeFacts(known, factsFrom(reply), range), range);
      }
      await part.restart();
      return { hasAdvanced: true }; // the next request is a plain one
    }
    const message = `HTTP ${statusCode} ${statusMessage} for ${reply.url.href}`;
    throw new StatusError(message, statusCode, received['retry-after']);
  } finally {
    reply.close();
  }
}

async function receive(
  part: PartFile,
  reply: Reply,
  settings: AttemptSettings,
  facts: Facts,
  range: ContentRange | undefined,
): Promise<Outcome> {
  const { etag } = facts;
  const first = part.bytes;
  const mayKeep = mayKeepUnverified(facts, settings.require);
  part.begin(etag === undefined ? undefined : { ...facts, etag });
  try {
    await write(part, reply, settings, facts.total, range, etag !== undefined && mayKeep);
  } catch (error) {
    reply.body.destroy(); // it may be ours
    const verdict = await reply.body.verdict;
    const isCut = !(error instanceof BodyError) || CUT.has(error.code);
    if (etag === undefined) await part.restart();
    else if (verdict.kind === 'failed' && verdict.digest === 'match' && verdict.bytes === part.bytes - first) {
      part.verified();
    } else if (!isCut || !mayKeep) await part.revert();
    throw error;
  }
  const verdict = await reply.body.verdict;
  if (verdict.digest === 'match') part.verified();
  const isWhole = range === undefined || range.last + 1 === range.total;
  if (!isWhole) {
    const advance = part.bytes - first;
    if (!part.isVerified && !mayKeep) await part.revert();
    return { hasAdvanced: advance >= MIN_ADVANCE };
  }
  const reprDigest = fieldValue(verdict.trailers, 'repr-digest') ?? facts.reprDigest;
  const repr = await checkReprDigest(part, reprDigest);
  return conclude(part, judgeWhole(verdict, part, repr, first > 0), settings.require, facts.isSealed);
}

/** @throws BodyError of the verdict on the body, or for a part of another length than its Content-Range has */
async function write(
  part: PartFile,
  { body }: Reply,
  { onProgress }: AttemptSettings,
  total: number | undefined,
  range: ContentRange | undefined,
  mayNote: boolean,
): Promise<void> {
  const first = part.bytes;
  const end = range === undefined ? Number.POSITIVE_INFINITY : range.last + 1;
  const report = () => {
    const { bytes } = part;
    onProgress?.({ bytes, ...(total !== undefined && { total }), ...(first > 0 && { resumedFrom: first }) });
  };
  report();
  for await (const data of body as AsyncIterable<Buffer>) {
    if (part.bytes + data.length > end) throw wrongLength(range!, 'more', part.bytes);
    await part.write(data, mayNote);
    report();
  }
  if (range !== undefined && part.bytes < end) throw wrongLength(range, `${part.bytes - first}`, part.bytes);
}

async function withoutRest(part: PartFile, known: Representation, settings: AttemptSettings): Promise<Outcome> {
  const repr = await checkReprDigest(part, known.reprDigest);
  if (repr === 'absent' && (known.isSealed || settings.require === 'always')) {
    await part.restart();
    return { hasAdvanced: true };
  }
  const isPromised = known.isSealed && repr !== 'match';
  return conclude(part, judgeWithoutRest(part, repr), settings.require, isPromised);
}

async function conclude(part: PartFile, verdict: Verdict, require: Require, isPromised: boolean): Promise<Outcome> {
  const error = bodyErrorFor(verdict, require, isPromised);
  if (error === undefined) return { verdict };
  await part.restart();
  throw error;
}

function isNothingMissing(reply: Reply, { first, etag }: Asked, { source }: Representation): boolean {
  const { headers } = reply.message;
  const isSame = sourceOf(reply) === source && (headers.etag === undefined || headers.etag === etag);
  return isSame && unsatisfiedLength(headers['content-range']) === first;
}

function factsFrom(reply: Reply): Facts {
  const { statusCode, headers } = reply.message;
  const length = headers['content-length'];
  const { 'repr-digest': reprField } = headers;
  const reprDigest = typeof reprField === 'string' && isCheckable(reprField) ? reprField : undefined;
  const announced = listMembers(headers.trailer);
  return {
    etag: strongEtag(headers.etag),
    source: sourceOf(reply),
    ...(length !== undefined && statusCode === 200 && { total: Number(length) }),
    ...(reprDigest !== undefined && { reprDigest }),
    isReprDigestExpected: reprDigest !== undefined || announced.includes('repr-digest'),
    isSealed: announced.includes('x-stream-status'),
  };
}

/** What is known of the representation, after a further part of it. */
function mergeFacts(known: Representation, { reprDigest, ...facts }: Facts, { total }: ContentRange): Representation {
  return {
    ...known,
    ...(total !== undefined && { total }),
    ...(reprDigest !== undefined && { reprDigest }),
    isReprDigestExpected: known.isReprDigestExpected || facts.isReprDigestExpected,
    isSealed: known.isSealed || facts.isSealed,
  };
}

function sourceOf({ url }: Reply): string {
  return createHash('sha256').update(`${url.origin}${url.pathname}`).digest('hex');
}

function wrongLength({ first, last }: ContentRange, came: string, bytes: number): BodyError {
  const reason = `The Content-Range has ${last + 1 - first} bytes, ${came} came`;
  const findings = { trailers: [], isStatusUnreadable: false, status: undefined, error: undefined };
  return new BodyError('ERR_BODY_MISMATCH', { ...findings, kind: 'mismatch', bytes, digest: 'ignored', reason });
}
