/** The seal of a response, announced in the head that is about to be sent. */
import type { DigestOption } from '../../core/content-digest.ts';
import { type FieldPairs, listMembers, namesOf, withoutFields, withoutForbiddenTrailers } from '../../core/fields.ts';
import { Seal } from '../../core/seal.ts';
import { createHasher } from '../hashing.ts';
import { algorithmsFor, negotiate, type RequestFacts } from '../send/negotiation.ts';
import type { Head } from './head-arguments.ts';

interface Sealing {
  digest: DigestOption | undefined;
  /** `false` where somebody may change the content after us. */
  counts: boolean;
}

/** @returns undefined for a client that did not ask, and for a body for which somebody else vouches */
export function announceSeal(
  head: Head,
  request: RequestFacts,
  status: number,
  { digest = 'sha-256', counts }: Sealing,
): Seal | undefined {
  const negotiated = negotiate(request, status);
  const others = head.get('trailer');
  if (!negotiated.hasTrailers || listMembers(others).includes('x-stream-status')) return undefined;
  const seal = new Seal({ algorithms: counts ? algorithmsFor(negotiated, digest) : [], createHasher, counts });
  head.set('Trailer', joined([seal.names, others]));
  const vary = head.get('vary');
  // A cache must not give a failure that ends cleanly to a client that cannot see it.
  const isToVary = negotiated.failureEnding === 'clean-failure' && !listMembers(vary).includes('*');
  if (isToVary) head.set('Vary', joined([vary, 'X-Want-Stream-Status']));
  return seal;
}

/** The application's own trailers, those that may trail, and those of the seal, which go before any of the same name. */
export function trailersWith(others: FieldPairs, seals: FieldPairs): FieldPairs {
  return [...withoutForbiddenTrailers(withoutFields(others, namesOf(seals))), ...seals];
}

/** Lists of field members, in order, as one; a member that is there already is not said again. */
export function joined(lists: (string | readonly string[] | undefined)[]): string {
  const members = lists.flatMap((list) => list ?? []).flatMap((list) => list.split(','));
  const byName = new Map<string, string>();
  for (const member of members.map((one) => one.trim())) {
    const key = member.toLowerCase();
    if (member !== '' && !byName.has(key)) byName.set(key, member);
  }
  return [...byName.values()].join(', ');
}
