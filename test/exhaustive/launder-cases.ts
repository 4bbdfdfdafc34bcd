/** What is asked through each launderer: every fate of the source, every wish of the request, every policy, every client. */
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { type Ask, CLIENTS } from './clients.ts';
import { FATES, type Fate } from './origin.ts';

export const REQUIRES = ['announced', 'always'] as const;
const WISHES: Record<string, string>[] = [requestHeaders(), { TE: 'trailers', Connection: 'TE' }, {}];

export interface Case {
  fate: Fate;
  fields: Record<string, string>;
  require: (typeof REQUIRES)[number];
  client: string;
  ask: Ask;
}

export function* cases(): Generator<Case> {
  for (const fate of FATES)
    for (const fields of WISHES)
      for (const require of REQUIRES) for (const [client, ask] of CLIENTS) yield { fate, fields, require, client, ask };
}
