/** The two clients of the demo, both on http.get: one that knows nothing of seals, and one that reads them with `verify`. */
import { type Agent, get, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Verdict } from '../../core/verdict.ts';
import { requestHeaders } from '../../node/head/request-headers.ts';
import { verify } from '../../node/receive/verify.ts';

export interface Belief {
  isFinished: boolean;
  bytes: number;
  /** Of what it was told, if it was told of a failure. */
  message?: string;
}

/** What a plain client believes: http.get has reported an end, or an error. It asks for nothing, as most do. */
export async function believe(url: string): Promise<Belief> {
  let bytes = 0;
  try {
    for await (const data of await responseTo(url, { agent: false })) bytes += data.length;
    return { isFinished: true, bytes };
  } catch (error) {
    return { isFinished: false, bytes, message: (error as Error).message };
  }
}

/** What the client concludes that README.md shows: `verify`, with the fields that ask for a status. */
export async function conclude(url: string, agent: Agent): Promise<Verdict> {
  const body = verify(await responseTo(url, { agent, headers: requestHeaders() }), { require: 'always' });
  body.on('error', () => {}).resume(); // the verdict says the same
  return body.verdict;
}

function responseTo(url: string, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, options, resolve).on('error', reject);
  });
}
