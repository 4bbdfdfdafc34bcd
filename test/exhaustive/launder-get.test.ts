/**
 * Launder, and the built program: what `chunked-trailers get` exits with, and whether there is a file, behind each proxy.
 * Its exit code 0 is an end without an error: it is held to the same invariant, and to having written the file.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { run, temporaryDirectory } from '../support/cli.ts';
import { CLIENTS } from './clients.ts';
import { everyNth } from './form.ts';
import { type Case, REQUIRES } from './launder-cases.ts';
import { CONTENT, FATES, type Fate, ORIGINS, pathOf } from './origin.ts';
import { inPool } from './pool.ts';
import { POLICIES, type Policy, withProxy } from './proxies.ts';
import { countedTest, type Outcome } from './tally.ts';

const [[, askByReceive]] = CLIENTS as [(typeof CLIENTS)[0]];

function* cases() {
  for (const policy of POLICIES)
    for (const fate of FATES) for (const require of REQUIRES) yield { policy, fate, require };
}

countedTest('x-stream-status 5.2: get keeps no file of a failed body', 'launder, get', async (tally) => {
  const directory = await temporaryDirectory();
  let index = 0;
  await inPool(
    everyNth(cases(), 11),
    async ({ policy, fate, require }) => {
      const file = path.join(directory, String(index++));
      const outcome = await got(policy, fate, require, file);
      const contents = fate === 'whole' ? [CONTENT] : [];
      tally.add(outcome, { contents, require }, () => `${policy.name}; ${fate}; get --require ${require}`);
    },
    2,
  );
});

function got(policy: Policy, fate: Fate, require: Case['require'], file: string): Promise<Outcome> {
  return withProxy(policy, ORIGINS[0]![1](), async (port) => {
    // What get asks for, asked before: whether the head that comes back announces a status.
    const fields = requestHeaders();
    const { promise } = await askByReceive(port, pathOf(fate, 'before'), { require: 'never', fields });
    const url = `http://127.0.0.1:${port}${pathOf(fate, 'get')}`;
    const { code, stderr } = await run(['get', '--require', require, '-o', file, url]);
    const ended = code === 0;
    if (ended !== existsSync(file)) throw new Error(`get exited with ${code}, and the file is there: ${!ended}`);
    if (!ended && !/^error: /m.test(stderr)) throw new Error(`get exited with ${code} and said ${stderr}`);
    const isWarned = stderr.includes('does not say whether this is all of it');
    const kind = !ended ? undefined : isWarned ? 'unverified' : 'complete';
    return { ended, kind, data: ended ? readFileSync(file) : Buffer.alloc(0), promise };
  });
}
