/**
 * Verifier, the one judge of a body: from its head, what it is held to; from its content, a count and digests; from how
 * its framing ended, the verdict, and the error that a stream is to fail with. Every receiver asks it and has no rule of its
 * own. It knows nothing of chunks.
 */
import { algorithmsOf, type CreateHasher, DIGEST_FIELD, type DigestOption, DigestSet } from './content-digest.ts';
import type { FramingError } from './errors.ts';
import { type FieldPairs, type HeadFields, headValue, listMembers } from './fields.ts';
import { STATUS_FIELD } from './stream-status.ts';
import { BodyError, type BodyErrorCode, judge, unsealedVerdict, type Verdict } from './verdict.ts';

/**
 * When a body that is not proven is an error: `announced`, if the head announced an X-Stream-Status, or if one came that
 * could not be read; `always`, for content of a 2xx response; `never`.
 */
export type Require = 'announced' | 'always' | 'never';

/** What every receiver can be told. */
export interface JudgingOptions {
  /** When a body that is not proven is an error. `announced` by default. */
  require?: Require | undefined;
  /** What to hash with where a digest is announced. `sha-256` by default. `false`: digests are not checked. */
  digest?: DigestOption | undefined;
}

export interface VerifierOptions extends JudgingOptions {
  /** The head fields of the message. Undefined: nothing is known of the head, so a digest may come. */
  headers?: HeadFields | undefined;
  /** The status of a response; undefined for a request, and where it is not known. */
  statusCode?: number | undefined;
  /** `false` for a message without content, such as the response to HEAD: there is nothing to prove. */
  hasContent?: boolean | undefined;
  /** Makes the platform's hasher. Without it, digests are not checked. */
  createHasher?: CreateHasher | undefined;
}

/** How the framing ended, as far as there is something to say. */
export interface FramingEnd {
  /** Undefined if the framing is complete. */
  error?: FramingError | undefined;
  /** The X-Stream-Status value of an abort line. */
  abortReason?: string | undefined;
  /** The field lines of the trailer section, in order. None by default. */
  rawTrailers?: FieldPairs;
}

export interface Conclusion {
  verdict: Verdict;
  /** What a stream with this verdict is to be destroyed with; undefined if it may end. */
  error: BodyError | undefined;
}

/** What the head announces and says. */
interface Announced {
  isStatusAnnounced: boolean;
  isDigestAnnounced: boolean;
  headStatus?: string | undefined;
  headDigests: string[];
}

const NOTHING_ANNOUNCED: Announced = { isStatusAnnounced: false, isDigestAnnounced: false, headDigests: [] };

/**
 * The one judge of a body: from its head, what it is held to; from its content, a count and digests; from how its framing
 * ended, the verdict, and the error that a stream is to fail with.
 *
 * @example
 * const verifier = new Verifier({ headers, statusCode, createHasher });
 * verifier.update(content);
 * const { verdict, error } = verifier.conclude({ rawTrailers });
 */
export class Verifier {
  readonly #require: Require;
  readonly #announced: Announced;
  readonly #digests: DigestSet | undefined;
  #conclusion: Conclusion | undefined;

  /** Bytes of content so far. */
  bytes = 0;

  /** @throws TypeError for another `require`, an unknown algorithm, or a `digest` without `createHasher` */
  constructor({ headers, statusCode, require = 'announced', ...options }: VerifierOptions = {}) {
    const { createHasher, digest = createHasher === undefined ? false : 'sha-256' } = options;
    // A 205 may be framed, and has no content all the same (RFC 9110 §15.3.6).
    const hasContent = (options.hasContent ?? true) && statusCode !== 205;
    assertJudging({ require, digest });
    const algorithms = algorithmsOf(digest);
    if (algorithms.length > 0 && createHasher === undefined) throw new TypeError('A digest needs createHasher');
    this.#announced = hasContent && headers !== undefined ? announcedBy(headers, statusCode) : NOTHING_ANNOUNCED;
    this.#require = requireFor(require, hasContent, statusCode);
    const mayCome = hasContent && (headers === undefined || isDigestDue(this.#announced));
    if (digest !== false) this.#digests = new DigestSet(mayCome ? algorithms : [], createHasher);
  }

  /** The next content. */
  update(data: Uint8Array): void {
    this.bytes += data.length;
    this.#digests?.update(data);
  }

  /** The body has ended. Further calls give the first conclusion again. */
  conclude(framing: FramingEnd = {}): Conclusion {
    if (this.#conclusion === undefined) {
      const { error, abortReason, rawTrailers = [] } = framing;
      const { isStatusAnnounced, isDigestAnnounced, headStatus, headDigests } = this.#announced;
      const { bytes } = this;
      const digests = this.#digests?.digests();
      // Each by its name: spreading what the head said takes longer than to judge it (measured).
      const verdict = judge({
        bytes,
        error,
        abortReason,
        headStatus,
        rawTrailers,
        headDigests,
        digests,
        isDigestAnnounced,
      });
      this.#conclusion = { verdict, error: bodyErrorFor(verdict, this.#require, isStatusAnnounced) };
    }
    return this.#conclusion;
  }

  /** The receiver has given up, for a reason of its own. Changes nothing after a conclusion. */
  abandon(): Verdict {
    if (this.#conclusion === undefined) {
      const reason = 'The receiver gave up before the body ended';
      this.#conclusion = { verdict: unsealedVerdict('abandoned', this.bytes, 'ignored', reason), error: undefined };
    }
    return this.#conclusion.verdict;
  }
}

/** @throws TypeError for invalid options, before there is a head to judge by */
export function assertJudging({ require = 'announced', digest = false }: JudgingOptions): void {
  algorithmsOf(digest);
  if (require !== 'announced' && require !== 'always' && require !== 'never') {
    throw new TypeError(`require must be "announced", "always" or "never", not ${JSON.stringify(require)}`);
  }
}

/**
 * The error that a stream with this verdict is to be destroyed with; undefined if it may end.
 *
 * @param isAnnounced whether the head announced an X-Stream-Status
 */
export function bodyErrorFor(verdict: Verdict, require: Require, isAnnounced: boolean): BodyError | undefined {
  const code = codeFor(verdict, require, isAnnounced);
  return code === undefined ? undefined : new BodyError(code, verdict);
}

function codeFor(verdict: Verdict, require: Require, isAnnounced: boolean): BodyErrorCode | undefined {
  switch (verdict.kind) {
    case 'complete':
    case 'abandoned':
      return undefined;
    case 'failed':
      return 'ERR_BODY_FAILED';
    case 'truncated':
      return verdict.error.code === 'ERR_FRAMING_TIMEOUT' ? 'ERR_BODY_TIMEOUT' : 'ERR_BODY_TRUNCATED';
    case 'malformed':
      return verdict.error.code === 'ERR_FRAMING_LIMIT' ? 'ERR_BODY_LIMIT' : 'ERR_BODY_MALFORMED';
    case 'mismatch':
      return 'ERR_BODY_MISMATCH';
    case 'unverified': {
      const isExpected = isAnnounced || verdict.isStatusUnreadable;
      return require === 'always' || (require === 'announced' && isExpected) ? 'ERR_BODY_UNVERIFIED' : undefined;
    }
  }
}

/** `always` is asked of what the caller will use: other responses are read by redirects, retries and error pages. */
function requireFor(require: Require, hasContent: boolean, statusCode = 200): Require {
  if (!hasContent) return 'never';
  const isSuccess = statusCode >= 200 && statusCode <= 299;
  return require === 'always' && !isSuccess ? 'announced' : require;
}

function announcedBy(headers: HeadFields, statusCode: number | undefined): Announced {
  const names = listMembers(headValue(headers, 'trailer'));
  const headStatus = headValue(headers, STATUS_FIELD);
  // The content of a 200 is the representation (RFC 9530 §3); that of any other status may not be.
  const digestFields = statusCode === 200 ? [DIGEST_FIELD, 'Repr-Digest'] : [DIGEST_FIELD];
  return {
    isStatusAnnounced: names.includes('x-stream-status') || headStatus !== undefined,
    isDigestAnnounced: names.includes('content-digest'),
    headStatus,
    headDigests: digestFields.flatMap((name) => headValue(headers, name) ?? []),
  };
}

function isDigestDue({ isDigestAnnounced, headDigests }: Announced): boolean {
  return isDigestAnnounced || headDigests.length > 0;
}
