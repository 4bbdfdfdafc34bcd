/**
 * Recipients: each vector's response is served once, on a connection of its own, and what was made of it is compared with
 * what is right for a recipient of each level. Whoever is tested is a function from a URL to what it concluded.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const RECIPIENT_LEVELS = ['end-aware', 'checking', 'full'];

/** Time for a reader to take what came before a reset, which may destroy it. */
const BEFORE_RESET = 150;

/** The response to an in-content vector: whole by its Content-Length, or cut below it. */
export function inContentResponse({ content, outer }) {
  const length = content.length + (outer === 'cut' ? 100 : 0);
  return {
    response:
      'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.chunked-trailers; type="text/csv"\r\nCache-Control: no-store\r\n' +
      `Content-Length: ${length}\r\n\r\n${content}`,
    end: 'FIN',
  };
}

/**
 * Serves the response and has it read.
 *
 * @param read gets a URL and `{ method, require, idleTimeout }`; gives `{ verdict, accepted, content, type }`
 * @param port where to serve it; any by default
 * @returns what `read` gave, and the `request` head that it had sent
 */
export async function serve({ response, end, method = 'GET', require = 'announced' }, read, port = 0) {
  let request = '';
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {}));
    let head = '';
    let isAnswered = false;
    socket.on('end', () => socket.end());
    socket.on('data', async (data) => {
      head += data.toString('latin1');
      if (isAnswered || !head.includes('\r\n\r\n')) return;
      isAnswered = true;
      request = head;
      if (end === 'FIN') return socket.end(response, 'latin1');
      socket.write(response, 'latin1');
      if (end === 'RST') {
        await sleep(BEFORE_RESET);
        socket.resetAndDestroy();
      }
    });
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  try {
    const url = `http://127.0.0.1:${server.address().port}/`;
    return { ...(await read(url, { method, require, idleTimeout: end === 'stall' ? 1 : 20 })), request };
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

/** `complete`, `failed`, … as the vectors write it: `unverified` with what became of it. */
function outcomeOf({ verdict, accepted }) {
  if (verdict === 'unverified') return `unverified, ${accepted ? 'accepted' : 'refused'}`;
  return accepted === (verdict === 'complete') ? verdict : `${verdict}, ${accepted ? 'accepted' : 'refused'}`;
}

/** Whether what was read is `right`, `below` (right for a lower level, or without the option), or `wrong`, and why. */
export function judgeRecipient(vector, found) {
  const outcome = outcomeOf(found);
  const { expect, below = [], status } = vector;
  const content = vector.inner ?? vector.content;
  const grade = [expect].flat().includes(outcome) ? 'right' : [below].flat().includes(outcome) ? 'below' : 'wrong';
  const wrong = (why) => ({ grade: 'wrong', why });
  if (grade === 'wrong') return wrong(`${[expect].flat().join(' or ')}, not ${outcome}`);
  if (content !== undefined && found.content !== undefined) {
    if (found.accepted && found.content !== content) return wrong(`accepted ${JSON.stringify(found.content)}`);
    if (!content.startsWith(found.content)) return wrong(`handed on ${JSON.stringify(found.content)}`);
  }
  if (grade === 'right' && status !== undefined && found.type !== undefined && found.type !== (status.type ?? '')) {
    return wrong(`the type is ${JSON.stringify(status.type)}, not ${JSON.stringify(found.type)}`);
  }
  return { grade };
}

/**
 * The level that these results prove.
 *
 * @param results pairs of a vector and its grade
 * @param levels from the lowest to the highest
 */
export function levelOf(results, levels) {
  const judged = results.filter(([vector]) => vector.option === undefined && vector.part === undefined);
  const reached = levels.findLast((level) =>
    judged.every(([vector, grade]) => {
      if (levels.indexOf(vector.level) <= levels.indexOf(level)) return grade === 'right';
      return vector.below === undefined || grade !== 'wrong';
    }),
  );
  if (reached === undefined) return 'none';
  const framing = results.filter(([{ part }]) => part === 'framing');
  const lax = framing.filter(([, grade]) => grade !== 'right').length;
  if (reached !== 'full' || lax === 0) return reached;
  return `full, with the framing of its HTTP parser (which differs in ${lax} of ${framing.length})`;
}

/** What is beside the levels: option → `yes`, `no`, or how many of its vectors. */
export function optionsOf(results) {
  const options = new Map();
  for (const [{ option }, grade] of results) {
    if (option === undefined) continue;
    options.set(option, [...(options.get(option) ?? []), grade]);
  }
  return new Map(
    [...options].map(([option, grades]) => {
      const right = grades.filter((grade) => grade === 'right').length;
      if (right === grades.length) return [option, 'yes'];
      if (grades.includes('not offered') && !grades.includes('wrong')) return [option, 'not offered'];
      return [option, right === 0 || !grades.includes('wrong') ? 'no' : `${right} of ${grades.length}`];
    }),
  );
}
