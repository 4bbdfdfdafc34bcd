/**
 * Launder, and relay behind it: an origin whose source is whole or fails, a proxy that damages what it forwards, our `relay`
 * which receives that and sends it on, and a client. What the relay says of a body is never better than what reached it: a
 * seal of ours on a body that the proxy made whole would be a `complete` that nobody has proven.
 */
import http, { type Server } from 'node:http';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { relay } from '../../src/node/relay.ts';
import { everyNth, IS_LONG } from './form.ts';
import { type Case, cases, REQUIRES } from './launder-cases.ts';
import { listening } from './listening.ts';
import { CONTENT, ORIGINS, pathOf } from './origin.ts';
import { inPool } from './pool.ts';
import { allPolicies, POLICIES, type Policy, withProxy } from './proxies.ts';
import { countedTest, type Tally } from './tally.ts';

type Requiring = Case['require'];

/** What reaches it at `/…` comes from that port. Upstream is asked for trailers and status, or not. */
function relaying(port: number, require: Requiring, asksForSeal: boolean): Server {
  return http.createServer((req, res) => {
    const headers = asksForSeal ? requestHeaders() : {};
    const upstream = http.get({ port, host: '127.0.0.1', path: req.url, headers, agent: false });
    upstream.on('response', (message) => relay(message, res, { require }));
    upstream.on('error', () => {
      if (!res.headersSent) res.writeHead(502).end();
    });
  });
}

/** A fetch, which shows no trailers: its body goes on unsealed, whatever it had. */
function relayingFetch(port: number, require: Requiring): Server {
  return http.createServer(async (req, res) => {
    try {
      await relay(
        await fetch(`http://127.0.0.1:${port}${req.url}`, { headers: requestHeaders({ connection: false }) }),
        res,
        { require },
      );
    } catch {
      res.writeHead(502).end();
    }
  });
}

const RELAYS: [name: string, make: (port: number, require: Requiring) => Server][] = [
  ['relay', (port, require) => relaying(port, require, true)],
  ['relay that does not ask', (port, require) => relaying(port, require, false)],
  ['relay of a fetch', relayingFetch],
];

function* launderings() {
  const policies = IS_LONG ? [...POLICIES, ...everyNth(allPolicies(), 1, 11)] : POLICIES;
  for (const policy of policies)
    for (const [name, make] of RELAYS) for (const required of REQUIRES) yield { policy, name, make, required };
}

countedTest('x-stream-status 5.2: relay behind every proxy', 'launder, relay', async (tally) => {
  await inPool(
    launderings(),
    ({ policy, name, make, required }) =>
      launder(policy, `${name}, ${required}`, (port) => make(port, required), tally),
    4,
  );
});

async function launder(policy: Policy, relayName: string, make: (port: number) => Server, tally: Tally): Promise<void> {
  let index = 0;
  await withProxy(policy, ORIGINS[0]![1](), (proxyPort) =>
    listening(make(proxyPort), (port) =>
      inPool(
        everyNth(cases(), 5),
        async ({ fate, fields, require, client, ask }) => {
          const contents = fate === 'whole' ? [CONTENT] : [];
          const outcome = await ask(port, pathOf(fate, index++), { require, fields });
          const what = () => `${policy.name}; ${relayName}; ${fate}; ${JSON.stringify(fields)}; ${client}, ${require}`;
          tally.add(outcome, { contents, require }, what);
        },
        12,
      ),
    ),
  );
}
