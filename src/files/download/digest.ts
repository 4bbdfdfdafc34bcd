/** The verdict on a whole representation that may have come in parts (RFC 9530 §3; RFC 9110 §15.3.7.3). */
import { areSameOctets, DIGEST_ALGORITHMS, parseContentDigest } from '../../core/content-digest.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { PartFile } from './part-file.ts';

export type ReprDigestState = 'match' | 'mismatch' | 'absent';

/** Whether a Repr-Digest value can be checked at all: it parses, and has an algorithm that is known. */
export function isCheckable(value: string): boolean {
  const digests = parseContentDigest(value);
  return digests !== undefined && DIGEST_ALGORITHMS.some((algorithm) => digests.has(algorithm));
}

/** Every digest in a known algorithm has to agree with all the octets that are there. */
export async function checkReprDigest(part: PartFile, value: string | undefined): Promise<ReprDigestState> {
  const digests = value === undefined ? undefined : parseContentDigest(value);
  let state: ReprDigestState = 'absent';
  for (const algorithm of DIGEST_ALGORITHMS) {
    const sent = digests?.get(algorithm);
    if (sent === undefined) continue;
    const own = algorithm === 'sha-256' ? part.sha256() : await part.hashAgain(algorithm.replace('-', ''));
    if (!areSameOctets(own, sent)) return 'mismatch';
    state = 'match';
  }
  return state;
}

/**
 * @param last the verdict on the last response, which let its body end
 * @param hasEarlier whether there are octets of earlier responses before it
 */
export function judgeWhole(last: Verdict, part: PartFile, repr: ReprDigestState, hasEarlier: boolean): Verdict {
  const { bytes } = part;
  const { trailers, isStatusUnreadable } = last;
  const status = last.status?.kind === 'ok' ? last.status : undefined;
  const findings = { bytes, trailers, isStatusUnreadable, status, error: undefined };
  if (repr === 'mismatch') {
    const reason = 'The Repr-Digest disagrees with the whole';
    return { ...findings, kind: 'mismatch', digest: 'mismatch', reason };
  }
  if (repr === 'match') {
    const reason = `${last.reason}; the Repr-Digest agrees with the whole`;
    return { ...findings, kind: 'complete', digest: 'match', reason };
  }
  if (!hasEarlier) return last;
  if (part.isVerified) return { ...last, bytes, reason: `${last.reason}; so do those of the parts before` };
  const reason = 'It came in parts, of which some had no digest that was checked, and no Repr-Digest covers the whole';
  return { ...findings, kind: 'unverified', digest: 'absent', reason };
}

/** No octet was missing when the rest was asked for (416): only a digest can vouch for those that are there. */
export function judgeWithoutRest(part: PartFile, repr: ReprDigestState): Verdict {
  const { bytes } = part;
  const findings = { bytes, trailers: [], isStatusUnreadable: false, status: undefined, error: undefined };
  if (repr === 'mismatch') {
    const reason = 'The Repr-Digest disagrees with the whole';
    return { ...findings, kind: 'mismatch', digest: 'mismatch', reason };
  }
  if (repr === 'match') {
    return { ...findings, kind: 'complete', digest: 'match', reason: 'The Repr-Digest agrees with the whole' };
  }
  const reason = 'No X-Stream-Status came, since no byte was missing';
  return { ...findings, kind: 'unverified', digest: 'absent', reason };
}
