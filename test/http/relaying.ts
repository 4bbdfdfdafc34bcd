/** An upstream, a relay in front of it that is nothing but `http.get` and `relay`, and what became of each message. */
import http, { type ClientRequest } from 'node:http';
import type { Verdict } from '../../src/core/verdict.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { type RelayOptions, relay } from '../../src/node/relay.ts';
import { type Serving, serve, until } from '../support/servers.ts';

export interface Relaying extends Serving {
  upstreams: ClientRequest[];
  /** How many messages have been handed to `relay`. */
  begun(): number;
  /** Waits for the verdict of this index. */
  verdict(index: number): Promise<Verdict>;
}

/** @param headers the request fields of the upstream side */
export async function relaying(
  upstreamPort: number,
  options: RelayOptions = {},
  headers: Record<string, string> = requestHeaders(),
): Promise<Relaying> {
  const verdicts: Promise<Verdict>[] = [];
  const upstreams: ClientRequest[] = [];
  const serving = await serve((req, res) => {
    const { method, url: path } = req;
    const target = {
      host: '127.0.0.1',
      port: upstreamPort,
      agent: false as const,
      method: method!,
      path: path!,
      headers,
    };
    const request = http.request(target, (upstream) => {
      request.off('error', fail);
      verdicts.push(relay(upstream, res, options));
    });
    const fail = () => res.writeHead(502).end();
    upstreams.push(request.on('error', fail).end());
  });
  return {
    ...serving,
    upstreams,
    begun: () => verdicts.length,
    async verdict(index) {
      await until(() => verdicts.length > index);
      return verdicts[index]!;
    },
  };
}
