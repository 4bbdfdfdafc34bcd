/**
 * What a receiver concludes about a body: one closed union, and `judge`, the pure function from evidence to it.
 *
 * The order of the questions is the precedence: broken framing tells more than a status, a reported failure more than a
 * wrong digest, and only what nothing speaks against is complete (spec-notes/x-stream-status.md 5.2).
 */
import {
  areSameOctets,
  DIGEST_FIELD,
  type DigestAlgorithm,
  isDigestAlgorithm,
  parseContentDigest,
} from './content-digest.ts';
import type { FramingError } from './errors.ts';
import { type FieldPairs, fieldValue, withoutForbiddenTrailers } from './fields.ts';
import {
  type ErrorStatus,
  type OkStatus,
  parseStreamStatus,
  STATUS_FIELD,
  type StreamStatus,
} from './stream-status.ts';

/** What a receiver has in hand when a body has ended. */
export interface Evidence {
  /** Bytes of content received. */
  bytes: number;
  /** Undefined if the framing is complete. ERR_FRAMING_TRUNCATED and ERR_FRAMING_TIMEOUT: input ended or stalled. */
  error?: FramingError | undefined;
  /** The X-Stream-Status value of an abort line. */
  abortReason?: string | undefined;
  /** The X-Stream-Status value of the header section, where a proxy has moved it. It can fail the body, never vouch. */
  headStatus?: string | undefined;
  /** The field lines of the trailer section, in order. None by default. */
  rawTrailers?: FieldPairs;
  /** Digests of the whole content that came in the header section: Content-Digest, and the Repr-Digest of a 200. */
  headDigests?: readonly string[];
  /** The digests of what was received. Undefined: digests are not to be checked. */
  digests?: ReadonlyMap<DigestAlgorithm, Uint8Array> | undefined;
  /** Whether the head announced a Content-Digest: without one that agrees, the body is unverified. */
  isDigestAnnounced?: boolean;
}

/**
 * What became of the digest: `match`, `mismatch`; `absent`, none came; `unreadable` or `unsupported`, one came that says
 * nothing to us (RFC 9530 §2 lets a recipient ignore it); `unchecked`, one came in an algorithm that we know and had not
 * been hashing; `ignored`, digests were not to be checked.
 */
export type DigestState = 'match' | 'mismatch' | 'absent' | 'unreadable' | 'unsupported' | 'unchecked' | 'ignored';

interface Findings {
  /** Bytes of content received. */
  bytes: number;
  /** The trailer fields whose names may trail, in order. */
  trailers: FieldPairs;
  digest: DigestState;
  /** Whether an X-Stream-Status came in the trailer section that could not be read. */
  isStatusUnreadable: boolean;
  /** One sentence for people. */
  reason: string;
}

/**
 * What a receiver concludes about a body. Exactly one, told apart by `kind`.
 *
 * A `complete` body without a `status` was proven by a digest in its head.
 */
export type Verdict =
  | (Findings & { kind: 'complete'; status: OkStatus | undefined; error: undefined })
  | (Findings & { kind: 'failed'; status: ErrorStatus; error: FramingError | undefined })
  | (Findings & { kind: 'truncated' | 'malformed'; status: StreamStatus | undefined; error: FramingError })
  | (Findings & { kind: 'mismatch' | 'unverified'; status: OkStatus | undefined; error: undefined })
  | (Findings & { kind: 'abandoned'; status: undefined; error: undefined });

/** Why a body is not to be used. */
export type BodyErrorCode =
  /** The sender said that the body failed: in a trailer, in an abort line, or in a field that was moved to the head. */
  | 'ERR_BODY_FAILED'
  /** Input ended before the message did. */
  | 'ERR_BODY_TRUNCATED'
  /** Input stalled, or the body took too long. */
  | 'ERR_BODY_TIMEOUT'
  /** The framing or the trailer section does not match the grammar. */
  | 'ERR_BODY_MALFORMED'
  /** A bound of `Limits` was passed. */
  | 'ERR_BODY_LIMIT'
  /** The byte count or a digest disagrees with what came. */
  | 'ERR_BODY_MISMATCH'
  /** The framing is complete, but what `require` asks for did not come. */
  | 'ERR_BODY_UNVERIFIED';

/**
 * What a stream of received content is destroyed with in place of an end. `cause` is the FramingError, where there is one.
 *
 * @example
 * catch (error) { if (error instanceof BodyError) log(error.code, error.verdict.reason); }
 */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  /** Why the body is not to be used. */
  readonly code: BodyErrorCode;
  /** All that was concluded. */
  readonly verdict: Verdict;

  /** @param message the reason of the verdict by default */
  constructor(code: BodyErrorCode, verdict: Verdict, message = verdict.reason) {
    super(message, verdict.error && { cause: verdict.error });
    this.code = code;
    this.verdict = verdict;
  }

  /** Bytes of content that had come. */
  get bytes(): number {
    return this.verdict.bytes;
  }

  /** The byte of the body at which the framing broke, counted from 0; undefined if it did not, or it cannot be told. */
  get offset(): number | undefined {
    return this.verdict.error?.offset;
  }
}

/** What one digest says is believed whatever the others do not say. */
const DECISIVE: readonly DigestState[] = ['mismatch', 'match'];

/**
 * Concludes from the evidence. Pure: the same evidence gives the same verdict.
 *
 * @example
 * judge({ bytes: 3, rawTrailers: [['X-Stream-Status', 'ok;bytes=4']] }).kind; // 'mismatch'
 */
export function judge(evidence: Evidence): Verdict {
  const { bytes, error, abortReason, headStatus, rawTrailers = [], headDigests = [], digests } = evidence;
  const trailers = withoutForbiddenTrailers(rawTrailers);
  const statusValue = fieldValue(trailers, STATUS_FIELD);
  const status = statusValue === undefined ? undefined : parseStreamStatus(statusValue);
  const isStatusUnreadable = statusValue !== undefined && status === undefined;
  const trailerDigest = checkDigest(fieldValue(trailers, DIGEST_FIELD), digests);
  const inHead = headDigests.map((value) => checkDigest(value, digests));
  const states = [trailerDigest, ...inHead];
  const digest = DECISIVE.find((state) => states.includes(state)) ?? trailerDigest;
  const findings = { bytes, trailers, digest, isStatusUnreadable };

  if (error !== undefined && error.code !== 'ERR_FRAMING_TRUNCATED' && error.code !== 'ERR_FRAMING_TIMEOUT') {
    return verdictOf(findings, 'malformed', status, error, error.message);
  }
  const reported = [error && abortReason, headStatus].map(errorStatusFrom).find((one) => one !== undefined);
  if (reported !== undefined) {
    return verdictOf(findings, 'failed', reported, error, describeReport(reported));
  }
  if (error !== undefined) return verdictOf(findings, 'truncated', status, error, error.message);
  if (status?.kind === 'error') {
    return verdictOf(findings, 'failed', status, error, describeReport(status));
  }
  if (status?.bytes !== undefined && status.bytes !== bytes) {
    const reason = `The sender counted ${status.bytes} bytes, ${bytes} came`;
    return verdictOf(findings, 'mismatch', status, error, reason);
  }
  if (digest === 'mismatch') {
    const where = trailerDigest === 'mismatch' ? 'Content-Digest' : 'digest in the head';
    return verdictOf(findings, 'mismatch', status, error, `The ${where} disagrees with what came`);
  }
  if (inHead.includes('match') && !isStatusUnreadable) {
    return verdictOf(findings, 'complete', status, error, 'The digest in the head agrees with what came');
  }
  const doubt = doubtAbout(evidence, status, isStatusUnreadable, digest);
  if (doubt !== undefined) return verdictOf(findings, 'unverified', status, error, doubt);
  return verdictOf(findings, 'complete', status, error, describeCompletion(digest));
}

/** A verdict that no seal has a part in. */
export function unsealedVerdict(
  kind: 'complete' | 'mismatch' | 'unverified' | 'abandoned',
  bytes: number,
  digest: DigestState,
  reason: string,
): Verdict {
  return { kind, bytes, digest, reason, trailers: [], isStatusUnreadable: false, status: undefined, error: undefined };
}

/** A verdict with its properties written out: spreading the findings takes longer than all the rest of `judge` (measured). */
function verdictOf<Kind, Status, Broken>(
  { bytes, trailers, digest, isStatusUnreadable }: Omit<Findings, 'reason'>,
  kind: Kind,
  status: Status,
  error: Broken,
  reason: string,
) {
  return { bytes, trailers, digest, isStatusUnreadable, kind, status, error, reason };
}

/** What is missing to a proof, of a body that nothing speaks against. */
function doubtAbout(
  { digests, isDigestAnnounced = false }: Evidence,
  status: StreamStatus | undefined,
  isStatusUnreadable: boolean,
  digest: DigestState,
): string | undefined {
  if (isStatusUnreadable) return 'The X-Stream-Status that came cannot be read';
  if (status === undefined) return 'No X-Stream-Status came';
  if (digest === 'unchecked') return 'The Content-Digest came in an algorithm that was not being hashed';
  if (!isDigestAnnounced || digests === undefined || digest === 'match') return undefined;
  return `A Content-Digest was announced, and the one that came is ${digest}`;
}

function errorStatusFrom(value: string | undefined): ErrorStatus | undefined {
  const status = value === undefined ? undefined : parseStreamStatus(value);
  return status?.kind === 'error' ? status : undefined;
}

function checkDigest(value: string | undefined, computed: Evidence['digests']): DigestState {
  if (value === undefined) return 'absent';
  if (computed === undefined) return 'ignored';
  const sent = parseContentDigest(value);
  if (sent === undefined) return 'unreadable';
  let state: DigestState = 'unsupported';
  for (const [algorithm, digest] of sent) {
    if (!isDigestAlgorithm(algorithm)) continue;
    const own = computed.get(algorithm);
    if (own === undefined) {
      if (state === 'unsupported') state = 'unchecked';
    } else if (areSameOctets(own, digest)) {
      state = 'match';
    } else {
      return 'mismatch';
    }
  }
  return state;
}

function describeReport({ type, details }: ErrorStatus): string {
  return `The sender reported ${type ?? 'an error'}${details === undefined ? '' : `: ${details}`}`;
}

function describeCompletion(digest: DigestState): string {
  return `The sender sealed it${digest === 'match' ? ', and its digest agrees' : ' (without a digest that was checked)'}`;
}
