/** The verdict on a whole representation that may have come in parts (RFC 9530 §3; RFC 9110 §15.3.7.3). */
import {
  areSameOctets,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  parseContentDigest,
} from '../../core/content-digest.ts';
import { shown } from '../../core/options.ts';
import { BodyError, unsealedVerdict, type Verdict } from '../../core/verdict.ts';
import type { PartFile } from './part-file.ts';

export type ReprDigestState = 'match' | 'mismatch' | 'absent';

/** What somebody has published of the whole. */
export interface Checksum {
  algorithm: DigestAlgorithm;
  digest: Buffer;
}

/** What came in one piece is not what was published: it would come again. */
export class ChecksumError extends BodyError {}

/**
 * `sha-256=` or `sha-512=` and the digits; without a name, their number tells. The names may lack the hyphen.
 *
 * @throws TypeError for what is none
 */
export function parseChecksum(text: string): Checksum {
  const [, name, digits = ''] =
    /^(?:(sha-?256|sha-?512)[=:])?([0-9a-f]{64}|[0-9a-f]{128})$/i.exec(`${text}`.trim()) ?? [];
  const algorithm = digits.length === 128 ? 'sha-512' : 'sha-256';
  const isNamed = name === undefined || name.replace('-', '').slice(3) === algorithm.slice(4);
  if (digits !== '' && isNamed) return { algorithm, digest: Buffer.from(digits, 'hex') };
  throw new TypeError(`A checksum is sha-256= or sha-512= and its hexadecimal digits, not ${shown(text)}`);
}

/** Whether a Repr-Digest value can be checked at all: it parses, and has an algorithm that is known. */
export function isCheckable(value: string): boolean {
  const digests = parseContentDigest(value);
  return digests !== undefined && DIGEST_ALGORITHMS.some((algorithm) => digests.has(algorithm));
}

/** Every digest in a known algorithm has to agree with all the bytes that are there. */
export async function checkReprDigest(part: PartFile, value: string | undefined): Promise<ReprDigestState> {
  const digests = value === undefined ? undefined : parseContentDigest(value);
  let state: ReprDigestState = 'absent';
  for (const algorithm of DIGEST_ALGORITHMS) {
    const sent = digests?.get(algorithm);
    if (sent === undefined) continue;
    if (!areSameOctets(await digestOf(part, algorithm), sent)) return 'mismatch';
    state = 'match';
  }
  return state;
}

async function digestOf(part: PartFile, algorithm: DigestAlgorithm): Promise<Buffer> {
  return algorithm === 'sha-256' ? part.hash().digest() : part.hashAgain(algorithm.replace('-', ''));
}

/** The verdict after the checksum has been compared, which decides over all that is not broken. */
export async function judgeByChecksum(
  verdict: Verdict,
  part: PartFile,
  checksum: Checksum | undefined,
): Promise<Verdict> {
  if (checksum === undefined || (verdict.kind !== 'complete' && verdict.kind !== 'unverified')) return verdict;
  const own = await digestOf(part, checksum.algorithm);
  if (areSameOctets(own, checksum.digest)) {
    return { ...verdict, kind: 'complete', digest: 'match', reason: `${verdict.reason}; the checksum agrees` };
  }
  return { ...verdict, kind: 'mismatch', digest: 'mismatch', reason: disagreement(checksum, own) };
}

export function disagreement({ algorithm }: Checksum, own: Buffer): string {
  return `The checksum disagrees: what came has ${algorithm}=${own.toString('hex')}`;
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
  if (repr === 'mismatch') return unsealedVerdict('mismatch', bytes, repr, 'The Repr-Digest disagrees with the whole');
  if (repr === 'match') return unsealedVerdict('complete', bytes, repr, 'The Repr-Digest agrees with the whole');
  return unsealedVerdict('unverified', bytes, repr, 'No X-Stream-Status came, since no byte was missing');
}
