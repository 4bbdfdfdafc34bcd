/** One request of a download, and what becomes of the bytes that it brings. */
import { createHash } from 'node:crypto';
import { FramingError } from '../../core/errors.ts';
import { fieldValue, listMembers } from '../../core/fields.ts';
import { BodyError, judge, unsealedVerdict, type Verdict } from '../../core/verdict.ts';
import { bodyErrorFor, type Require } from '../../core/verifier.ts';
import {
  type Asked,
  type ContentRange,
  isDate,
  isSameValidator,
  partOf206,
  strongEtag,
  unsatisfiedLength,
  validatorFrom,
  weakValidatorFrom,
} from './content-range.ts';
import {
  type Checksum,
  ChecksumError,
  checkReprDigest,
  isCheckable,
  judgeByChecksum,
  judgeWhole,
  judgeWithoutRest,
} from './digest.ts';
import type { PartFile } from './part-file.ts';
import {
  asksForPart,
  isPart,
  isWhole,
  lengthFrom,
  type Reply,
  type RequestFields,
  type RequestSettings,
  requestFollowing,
  statusError,
} from './request.ts';
import type { Representation } from './state.ts';
import { takeAll } from './take-all.ts';

export interface DownloadProgress {
  /** Bytes that are in the file. */
  bytes: number;
  /** Bytes of the whole, once a response has said so. */
  total?: number;
  /** Where the response began that is being received, if it continues what was there. */
  resumedFrom?: number;
}

export interface AttemptSettings extends RequestSettings {
  url: URL;
  headers: RequestFields;
  require: Require;
  /** Milliseconds for all requests together; 0 for no bound. */
  maxTime: number;
  checksum: Checksum | undefined;
  onProgress: ((progress: DownloadProgress) => void) | undefined;
}

/** The verdict on the whole; or that another request is needed, and whether this one got it any further. */
export type Outcome = { verdict: Verdict; modified?: Date | undefined } | { hasAdvanced: boolean };

/** What a part that is shorter than what was asked for has to bring, or the rest would take requests without end. */
export const MIN_ADVANCE = 65_536;

/** After these, what came is a start of the content as far as it goes. */
const CUT = new Set(['ERR_BODY_TRUNCATED', 'ERR_BODY_TIMEOUT', 'ERR_BODY_FAILED']);

type Facts = Omit<Representation, 'validator'> & { validator: string | undefined };

/** Whether bytes may be kept for which no digest has vouched yet. */
export function mayKeepUnverified(
  { isReprDigestExpected, isSealed, encoding, total }: Omit<Facts, 'validator'>,
  require: Require,
): boolean {
  // Servers compress a part by itself, under the validator of the whole: only a length or a digest tells.
  const isTold = isReprDigestExpected || encoding === '' || total !== undefined;
  return isTold && (isReprDigestExpected || (!isSealed && require !== 'always'));
}

export async function attempt(part: PartFile, settings: AttemptSettings): Promise<Outcome> {
  const known = part.representation;
  const asked: Asked | undefined =
    known !== undefined && part.bytes > 0 && !part.isDoubted && !asksForPart(settings.headers)
      ? { first: part.bytes, validator: known.validator, encoding: known.encoding, total: known.total }
      : undefined;
  const range: RequestFields =
    asked === undefined
      ? []
      : [
          ['Range', `bytes=${asked.first}-`],
          [known?.needsProof ? 'If-Unmodified-Since' : 'If-Range', asked.validator],
        ];
  const reply = await requestFollowing(settings.url, [...settings.headers, ...range], settings);
  try {
    const { statusCode = 0, headers: received } = reply.message;
    if (isWhole(reply, settings.headers, settings.require)) return await receiveWhole(part, reply, settings);
    if (statusCode === 200 && asked !== undefined) {
      part.isDoubted = true; // it has a Content-Range
      return { hasAdvanced: true };
    }
    if (
      known !== undefined &&
      asked !== undefined &&
      (statusCode === 206 || statusCode === 416 || statusCode === 412)
    ) {
      if (statusCode === 416 && isNothingMissing(reply, asked, known)) return await withoutRest(part, known, settings);
      const range = statusCode === 206 && sourceOf(reply) === known.source ? partOf206(received, asked) : undefined;
      if (typeof range === 'object') {
        return await receive(part, reply, settings, mergeFacts(known, factsFrom(reply, settings), range), range);
      }
      part.isDoubted = true; // the next request is a plain one
      return { hasAdvanced: true };
    }
    throw statusError(reply);
  } finally {
    reply.close();
  }
}

/** A response of the whole. What is there is kept until it is known to be better. */
async function receiveWhole(part: PartFile, reply: Reply, settings: AttemptSettings): Promise<Outcome> {
  const { representation: known } = part;
  const facts = withKnownTotal(factsFrom(reply, settings), known);
  if (known !== undefined && part.bytes > 0 && isLess(facts, known)) {
    throw refusal(part, `The server sent a whole that it says less of than of the one that was begun: ${KEPT}`);
  }
  const keptBytes = part.bytes;
  await part.beginAfresh(representationFrom(facts));
  try {
    const outcome = await receive(part, reply, settings, facts);
    const isProven = 'verdict' in outcome && outcome.verdict.kind === 'complete';
    if (!isProven && part.bytes < keptBytes) throw refusal(part, shorter(part.bytes, keptBytes));
    return outcome;
  } catch (error) {
    await part.settle();
    throw error;
  }
}

/** Such as the page of a captive portal that has an entity tag of its own. */
function shorter(bytes: number, keptBytes: number): string {
  return `The server sent a whole of ${bytes} bytes that nothing proves, where ${keptBytes} had come already: ${KEPT}`;
}

const KEPT = 'what came is kept, and to begin again, remove the .part';

/** Of the same representation, where this response does not say how long it is. */
function withKnownTotal(facts: Facts, known: Representation | undefined): Facts {
  const isSame = known?.validator === facts.validator && known?.encoding === facts.encoding;
  if (known?.total === undefined || !isSame || known.source !== facts.source) return facts;
  return { total: known.total, ...facts };
}

/** Such as the page of a captive portal, in place of content with a seal or an entity tag. */
function isLess(facts: Facts, known: Representation): boolean {
  const isProven = (of: Omit<Facts, 'validator'>) => of.isSealed || of.isReprDigestExpected;
  return !isProven(facts) && (isProven(known) || facts.validator === undefined);
}

function refusal(part: PartFile, reason: string): BodyError {
  return new BodyError('ERR_BODY_UNVERIFIED', unsealedVerdict('unverified', part.bytes, 'absent', reason));
}

async function receive(
  part: PartFile,
  reply: Reply,
  settings: AttemptSettings,
  facts: Facts,
  range?: ContentRange,
): Promise<Outcome> {
  const representation = representationFrom(facts);
  const first = part.bytes;
  const mayKeep = mayKeepUnverified(facts, settings.require);
  part.begin(representation);
  reply.hash.begin(first === 0 ? () => part.hash() : undefined);
  try {
    await write(
      part,
      reply,
      settings,
      facts.total ?? hintOf(reply, first),
      range,
      representation !== undefined && mayKeep,
    );
    const { kind } = await reply.body.verdict;
    if (range === undefined && kind === 'unverified' && part.bytes < (facts.total ?? 0)) {
      throw cutShort(part.bytes, facts.total!);
    }
  } catch (error) {
    reply.body.destroy(); // it may be ours
    const verdict = await reply.body.verdict;
    const isCut = !(error instanceof BodyError) || CUT.has(error.code);
    if (representation === undefined) await part.restart();
    else if (verdict.kind === 'failed' && verdict.digest === 'match' && verdict.bytes === part.bytes - first) {
      part.verified();
    } else if (!isCut || !mayKeep) await part.revert();
    throw error;
  }
  const verdict = await reply.body.verdict;
  if (verdict.digest === 'match') part.verified();
  if (range !== undefined && range.last + 1 !== range.total) {
    const advance = part.bytes - first;
    if (!part.isVerified && !mayKeep) await part.revert();
    return { hasAdvanced: advance >= MIN_ADVANCE };
  }
  const isOwnPart = isPart(reply) && asksForPart(settings.headers); // a Repr-Digest is not of that
  const reprDigest = isOwnPart ? undefined : (fieldValue(verdict.trailers, 'repr-digest') ?? facts.reprDigest);
  const repr = await checkReprDigest(part, reprDigest);
  const judged = judgeWhole(verdict, part, repr, first > 0);
  if (facts.needsProof && first > 0 && repr === 'absent' && settings.checksum === undefined) {
    const error = refusal(part, NO_PROOF);
    await part.restart();
    throw error;
  }
  const final = await judgeByChecksum(judged, part, settings.checksum);
  if (final !== judged && final.kind === 'mismatch' && first === 0) {
    await part.restart();
    throw new ChecksumError('ERR_BODY_MISMATCH', final);
  }
  const outcome = await conclude(part, final, settings, facts.isSealed);
  return { ...outcome, modified: modifiedFrom(reply) };
}

function modifiedFrom({ message }: Reply): Date | undefined {
  const { 'last-modified': field = '' } = message.headers;
  return isDate(field) ? new Date(field) : undefined;
}

const NO_PROOF = 'It came in parts that only a Repr-Digest can prove to be of one content, and none came';

/** What a server says to whom it sends chunks, for the progress only. */
function hintOf({ message }: Reply, first: number): number | undefined {
  const hint = lengthFrom(message.headers['x-stream-length']);
  return hint === undefined ? undefined : first + hint;
}

/** @throws BodyError of the verdict on the body, or for a part of another length than its Content-Range has: fewer are a cut */
async function write(
  part: PartFile,
  { body, hash }: Reply,
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
  try {
    await takeAll(body, (data) => {
      if (part.bytes + data.length > end) throw tooLong(range!, part.bytes);
      const isReady = part.write(data, mayNote);
      hash.written(data.length);
      report();
      return isReady;
    });
  } finally {
    await part.noted();
  }
  if (range !== undefined && part.bytes < end) throw cutShort(part.bytes, end);
}

function representationFrom({ validator, ...facts }: Facts): Representation | undefined {
  return validator === undefined ? undefined : { ...facts, validator };
}

async function withoutRest(part: PartFile, known: Representation, settings: AttemptSettings): Promise<Outcome> {
  const isAwaited = known.isReprDigestExpected && settings.checksum === undefined;
  const reprDigest = known.reprDigest ?? (isAwaited ? await reprDigestByHead(known, settings) : undefined);
  const repr = await checkReprDigest(part, reprDigest);
  const isProven = repr !== 'absent' || settings.checksum !== undefined;
  if (!isProven && (known.isSealed || known.needsProof || settings.require === 'always')) {
    await part.restart();
    return { hasAdvanced: true };
  }
  const verdict = await judgeByChecksum(judgeWithoutRest(part, repr), part, settings.checksum);
  return conclude(part, verdict, settings, known.isSealed && verdict.kind !== 'complete');
}

/** A Repr-Digest that was to come after the last byte, and was lost with the connection. */
async function reprDigestByHead(known: Representation, settings: AttemptSettings): Promise<string | undefined> {
  const reply = await requestFollowing(settings.url, settings.headers, { ...settings, method: 'HEAD' });
  reply.close();
  const { statusCode, headers } = reply.message;
  const isSame = sourceOf(reply) === known.source && isSameValidator(headers, known.validator);
  if (statusCode !== 200 || !isSame || (headers['content-encoding'] ?? '') !== known.encoding) return undefined;
  return factsFrom(reply, settings).reprDigest;
}

async function conclude(
  part: PartFile,
  verdict: Verdict,
  { require }: AttemptSettings,
  isPromised: boolean,
): Promise<{ verdict: Verdict }> {
  const error = bodyErrorFor(verdict, require, isPromised);
  if (error === undefined) return { verdict };
  await part.restart();
  throw error;
}

function isNothingMissing(reply: Reply, { first, validator }: Asked, { source, total }: Representation): boolean {
  const { headers } = reply.message;
  if (total !== undefined && total !== first) return false;
  const isSame = headers.etag === undefined || isSameValidator(headers, validator);
  return isSame && sourceOf(reply) === source && unsatisfiedLength(headers['content-range']) === first;
}

function factsFrom(reply: Reply, { checksum }: AttemptSettings): Facts {
  const { statusCode, headers } = reply.message;
  const length = lengthFrom(headers['content-length']);
  const { 'repr-digest': reprField } = headers;
  const reprDigest = typeof reprField === 'string' && isCheckable(reprField) ? reprField : undefined;
  const announced = listMembers(headers.trailer);
  const isPromised = reprDigest !== undefined || announced.includes('repr-digest');
  const isReprDigestExpected = isPromised || checksum !== undefined;
  // Where a digest decides in the end whether the parts were of one content, a time need not be as good as a tag: a server
  // may know that it is not.
  const etag = strongEtag(headers.etag);
  const time = etag === undefined && isReprDigestExpected ? weakValidatorFrom(headers) : undefined;
  return {
    validator: time ?? validatorFrom(headers),
    ...(time !== undefined && { needsProof: true }),
    encoding: headers['content-encoding'] ?? '',
    source: sourceOf(reply),
    ...(length !== undefined && statusCode === 200 && { total: length }),
    ...(reprDigest !== undefined && { reprDigest }),
    isReprDigestExpected,
    isSealed: announced.includes('x-stream-status'),
  };
}

/** What is known of the representation, after a further part of it. */
function mergeFacts(known: Representation, { reprDigest, ...facts }: Facts, { total }: ContentRange): Facts {
  return {
    ...known,
    ...(total !== undefined && { total }),
    ...(reprDigest !== undefined && { reprDigest }),
    isReprDigestExpected: known.isReprDigestExpected || facts.isReprDigestExpected,
    isSealed: known.isSealed || facts.isSealed,
  };
}

function sourceOf({ url }: Reply): string {
  return createHash('sha256').update(identityOf(url)).digest('hex');
}

/** Of a signed URL, what is left when it is signed anew. */
const SIGNING =
  /^(?:x-(?:amz|goog|oss|cos|ms)-.*|awsaccesskeyid|googleaccessid|signature|expires|policy|key-pair-id|s[aeikprtv]|sig|sk[a-z]+|token)$/i;
/** Of which one is in any such URL. Others of these names may say which content it is. */
const SIGNATURE = /^(?:x-(?:amz|goog|oss|cos)-signature|signature|sig|token)$/i;

/** Origin, path and query, without what signs it. */
export function identityOf(url: URL): string {
  const isSigned = [...url.searchParams.keys()].some((name) => SIGNATURE.test(name));
  const query = [...url.searchParams].filter(([name]) => !(isSigned && SIGNING.test(name)));
  return `${url.origin}${url.pathname}?${new URLSearchParams(query)}`;
}

function cutShort(bytes: number, total: number): BodyError {
  const error = new FramingError('ERR_FRAMING_TRUNCATED', `It ended after ${bytes} of ${total} bytes`);
  return new BodyError('ERR_BODY_TRUNCATED', judge({ bytes, error }));
}

function tooLong({ first, last }: ContentRange, bytes: number): BodyError {
  const reason = `The Content-Range has ${last + 1 - first} bytes, more came`;
  return new BodyError('ERR_BODY_MISMATCH', unsealedVerdict('mismatch', bytes, 'ignored', reason));
}
