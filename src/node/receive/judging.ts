/** What a receiver asks of a body, from its options, and what a body is held to by what its head announced. */
import { DIGEST_ALGORITHMS, type DigestAlgorithm } from '../../core/content-digest.ts';
import { assertRequire, type Require } from '../../core/outcome.ts';
import { Verifier } from '../../core/verifier.ts';
import { algorithmsOf, createHasher, type DigestOption } from '../hashing.ts';
import { type Headers, listMembers } from '../head/message-head.ts';
import { type BodySource, ReceivedBody } from './received-body.ts';

export interface JudgingOptions {
  /** When a body without a status is an error. `announced` by default. */
  require?: Require;
  /** What to hash with where Trailer announces a Content-Digest. By default every supported algorithm. */
  digest?: DigestOption;
}

export interface Judging {
  require: Require;
  /** `false`: digests are not to be checked. */
  algorithms: readonly DigestAlgorithm[] | false;
}

/** @throws TypeError for options that are none */
export function resolveJudging({ require = 'announced', digest = DIGEST_ALGORITHMS }: JudgingOptions): Judging {
  assertRequire(require);
  return { require, algorithms: digest === false ? false : algorithmsOf(digest) };
}

/** What one body is held to. */
export interface Terms {
  verifier: Verifier;
  require: Require;
  /** Whether the head's Trailer field named X-Stream-Status. */
  isAnnounced: boolean;
}

/** @param hasContent without any, there is nothing to vouch for */
export function termsFor({ require, algorithms }: Judging, trailer: Headers[string], hasContent: boolean): Terms {
  const announced = hasContent ? listMembers(trailer) : [];
  const isDigestAnnounced = announced.includes('content-digest');
  return {
    verifier: new Verifier({
      algorithms: isDigestAnnounced || algorithms === false ? algorithms : [],
      createHasher,
      isDigestAnnounced,
    }),
    require: hasContent ? require : 'never',
    isAnnounced: announced.includes('x-stream-status'),
  };
}

export function judgedBody(
  judging: Judging,
  source: BodySource,
  trailer: Headers[string],
  hasContent: boolean,
): ReceivedBody {
  return new ReceivedBody({ source, ...termsFor(judging, trailer, hasContent) });
}
