/**
 * What a receiver concludes about a body: one closed union, and `judge`, the pure function from evidence to it.
 *
 * The order of the questions is the precedence: broken framing tells more than a status, a reported failure more than a
 * wrong digest, and only what nothing speaks against is complete.
 */
import {
  areSameOctets,
  DIGEST_FIELD,
  type DigestAlgorithm,
  isDigestAlgorithm,
  parseContentDigest,
} from './content-digest.ts';
import { type FieldPairs, fieldValue, withoutForbiddenTrailers } from './fields.ts';
import {
  type ErrorStatus,
  type OkStatus,
  parseStreamStatus,
  STATUS_FIELD,
  type StreamStatus,
} from './stream-status.ts';

/** How the framing broke. A StreamError is one. */
export interface FramingError {
  code: string;
  message: string;
  /** In octets from the start of the body, where it is known. */
  offset?: number | undefined;
}

/** What a receiver has in hand when a body has ended. */
export interface Evidence {
  /** Content octets received. */
  bytes: number;
  /** Undefined if the framing is complete. ERR_STREAM_TRUNCATED and ERR_STREAM_TIMEOUT: input ended or stalled. */
  error?: FramingError | undefined;
  /** The X-Stream-Status value of an abort chunk. */
  abortReason?: string | undefined;
  /** The field lines of the trailer section, in order. None by default. */
  rawTrailers?: FieldPairs;
  /** The digests of what was received. Undefined: digests are not to be checked. */
  digests?: ReadonlyMap<DigestAlgorithm, Uint8Array> | undefined;
  /** Whether the head announced a Content-Digest: without one that agrees, the body is unverified. */
  isDigestAnnounced?: boolean;
}

/**
 * What became of Content-Digest: `match`, `mismatch`; `absent`, none came; `unreadable` or `unsupported`, one came that
 * says nothing to us (RFC 9530 §2 lets a recipient ignore it); `unchecked`, one came in an algorithm that we know and had
 * not been hashing; `ignored`, digests were not to be checked.
 */
export type DigestState = 'match' | 'mismatch' | 'absent' | 'unreadable' | 'unsupported' | 'unchecked' | 'ignored';

interface Findings {
  /** Content octets received. */
  bytes: number;
  /** The trailer fields whose names may trail, in order. */
  trailers: FieldPairs;
  digest: DigestState;
  /** Whether an X-Stream-Status came that could not be read. */
  isStatusUnreadable: boolean;
  /** One sentence for people. */
  reason: string;
}

/** What a receiver concludes about a body. Exactly one, told apart by `kind`. */
export type Verdict =
  | (Findings & { kind: 'complete'; status: OkStatus; error: undefined })
  | (Findings & { kind: 'failed'; status: ErrorStatus; error: FramingError | undefined })
  | (Findings & { kind: 'truncated' | 'malformed'; status: StreamStatus | undefined; error: FramingError })
  | (Findings & { kind: 'mismatch'; status: OkStatus | undefined; error: undefined })
  | (Findings & { kind: 'unverified'; status: OkStatus | undefined; error: undefined });

/** Concludes from the evidence. Pure: the same evidence gives the same verdict. */
export function judge(evidence: Evidence): Verdict {
  const { bytes, error, abortReason, rawTrailers = [], digests, isDigestAnnounced = false } = evidence;
  const trailers = withoutForbiddenTrailers(rawTrailers);
  const statusValue = fieldValue(trailers, STATUS_FIELD);
  const status = statusValue === undefined ? undefined : parseStreamStatus(statusValue);
  const isStatusUnreadable = statusValue !== undefined && status === undefined;
  const digest = checkDigest(fieldValue(trailers, DIGEST_FIELD), digests);
  const findings = { bytes, trailers, digest, isStatusUnreadable };

  if (error !== undefined) {
    if (error.code !== 'ERR_STREAM_TRUNCATED' && error.code !== 'ERR_STREAM_TIMEOUT') {
      return { ...findings, kind: 'malformed', status, error, reason: error.message };
    }
    const reported = abortReason === undefined ? undefined : parseStreamStatus(abortReason);
    if (reported?.kind === 'error') {
      return { ...findings, kind: 'failed', status: reported, error, reason: describeFailure(reported) };
    }
    return { ...findings, kind: 'truncated', status, error, reason: error.message };
  }
  if (status?.kind === 'error') {
    return { ...findings, kind: 'failed', status, error, reason: describeFailure(status) };
  }
  if (status?.bytes !== undefined && status.bytes !== bytes) {
    const reason = `The sender counted ${status.bytes} octets, ${bytes} came`;
    return { ...findings, kind: 'mismatch', status, error, reason };
  }
  if (digest === 'mismatch') {
    const reason = 'The Content-Digest disagrees with what came';
    return { ...findings, kind: 'mismatch', status, error, reason };
  }
  if (status === undefined) {
    const reason = isStatusUnreadable ? 'The X-Stream-Status that came cannot be read' : 'No X-Stream-Status came';
    return { ...findings, kind: 'unverified', status, error, reason };
  }
  if (digest === 'unchecked') {
    const reason = 'The Content-Digest came in an algorithm that was not being hashed';
    return { ...findings, kind: 'unverified', status, error, reason };
  }
  if (isDigestAnnounced && digests !== undefined && digest !== 'match') {
    const reason = `A Content-Digest was announced, and the one that came is ${digest}`;
    return { ...findings, kind: 'unverified', status, error, reason };
  }
  return { ...findings, kind: 'complete', status, error, reason: describeCompletion(digest) };
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

function describeFailure({ type, details }: ErrorStatus): string {
  return `The sender reported ${type ?? 'an error'}${details === undefined ? '' : `: ${details}`}`;
}

function describeCompletion(digest: DigestState): string {
  return `The sender sealed it${digest === 'match' ? ', and its digest agrees' : ' (without a digest that was checked)'}`;
}
