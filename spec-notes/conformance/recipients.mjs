/**
 * Recipients: each vector's message is given to them once, on a connection of its own, and what was made of it is compared
 * with what is right for a recipient of each level. Whoever is tested is a function from a URL to what it concluded; a
 * server that takes uploads is asked over the wire.
 */
import { once } from 'node:events';
import { constants, createServer as createHttp2Server } from 'node:http2';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';

export const RECIPIENT_LEVELS = ['end-aware', 'checking', 'full'];

/** Time for a reader to take what came before a reset, which may destroy it. */
const BEFORE_RESET = 150;

/** The response to an in-content vector: whole by its Content-Length, or cut below it. */
export function inContentResponse({ content, outer, fields = [] }) {
  const length = content.length + (outer === 'cut' ? 100 : 0);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return {
    response:
      'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.chunked-trailers; type="text/csv"\r\nCache-Control: no-store\r\n' +
      `${lines}Content-Length: ${length}\r\n\r\n${content}`,
    end: 'FIN',
  };
}

/**
 * Serves the response and has it read.
 *
 * @param read gets a URL and `{ method, require, idleTimeout }`; gives `{ verdict, accepted, content, type }`
 * @param port where to serve it; any by default
 * @param secureContext to serve it over TLS, where a `FIN` comes without a close_notify
 * @returns what `read` gave, and the `request` head that it had sent
 */
export async function serve({ response, end, method = 'GET', require = 'announced' }, read, port = 0, secureContext) {
  let request = '';
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true }, (tcp) => {
    sockets.add(tcp.on('close', () => sockets.delete(tcp)).on('error', () => {}));
    const socket = secureContext === undefined ? tcp : new TLSSocket(tcp, { isServer: true, secureContext });
    if (socket !== tcp) socket.on('error', () => {});
    let head = '';
    let isAnswered = false;
    socket.on('end', () => socket.end());
    socket.on('data', async (data) => {
      head += data.toString('latin1');
      if (isAnswered || !head.includes('\r\n\r\n')) return;
      isAnswered = true;
      request = head;
      if (end === 'close_notify' || (end === 'FIN' && socket === tcp)) return socket.end(response, 'latin1');
      await new Promise((resolve) => socket.write(response, 'latin1', resolve));
      if (end === 'FIN') tcp.end();
      if (end === 'RST') {
        await sleep(BEFORE_RESET);
        tcp.resetAndDestroy();
      }
    });
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  try {
    const scheme = secureContext === undefined ? 'http' : 'https';
    const url = `${scheme}://127.0.0.1:${server.address().port}/`;
    return { ...(await read(url, { method, require, idleTimeout: end === 'stall' ? 1 : 20 })), request };
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

/**
 * Serves the response of a vector of HTTP/2, without TLS, and has it read.
 *
 * @returns what `read` gave
 */
export async function serveHttp2({ headers, content, trailers, end, method = 'GET', require = 'announced' }, read) {
  const sockets = new Set();
  const server = createHttp2Server().on('sessionError', () => {});
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    const isWhole = end === 'END_STREAM';
    const hasBody = content !== '' || trailers !== undefined || !isWhole;
    stream.respond(grouped(headers), { endStream: !hasBody, waitForTrailers: trailers !== undefined || !isWhole });
    if (!hasBody) return;
    stream.on('wantTrailers', () => isWhole && stream.sendTrailers(grouped(trailers)));
    if (isWhole) return stream.end(content, 'latin1');
    const fail = async () => {
      await sleep(BEFORE_RESET); // what was written leaves first
      if (end === 'FIN') for (const socket of sockets) socket.destroy();
      else stream.close(constants[`NGHTTP2_${end}`]); // RST_STREAM alone: END_STREAM waits for trailers
    };
    if (content === '') fail();
    else stream.write(content, 'latin1', fail);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await read(`http://127.0.0.1:${server.address().port}/`, { method, require, idleTimeout: 20 });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

function grouped(fields) {
  const byName = {};
  for (const [name, value] of fields) byName[name] = name in byName ? [byName[name], value].flat() : value;
  return byName;
}

const VERDICTS = ['complete', 'failed', 'truncated', 'malformed', 'mismatch', 'unverified'];

/** Sends the request with its content, and reads what the server makes of it: 2xx is that it was accepted. */
export function upload({ host, port }, { request, end }, patience = 4000) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let answer = '';
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      const said = answer.split('\r\n\r\n')[1]?.match(/[a-z]+/g) ?? [];
      const verdict = VERDICTS.find((one) => said.includes(one));
      resolve({ verdict, accepted: status?.startsWith('2') === true, isUpload: true });
    };
    const timer = setTimeout(finish, patience);
    socket.on('error', finish).on('end', finish);
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (answer.includes('\r\n\r\n')) setTimeout(finish, 50);
    });
    if (end === 'FIN') return socket.end(request, 'latin1');
    socket.write(request, 'latin1');
    if (end === 'RST')
      sleep(BEFORE_RESET)
        .then(() => socket.resetAndDestroy())
        .then(() => setTimeout(finish, 50));
  });
}

/** `complete`, `failed`, … as the vectors write it: `unverified` with what became of it. */
function outcomeOf({ verdict, accepted }) {
  if (!VERDICTS.includes(verdict) && !accepted) return 'no verdict';
  if (verdict === 'unverified') return `unverified, ${accepted ? 'accepted' : 'refused'}`;
  return accepted === (verdict === 'complete') ? verdict : `${verdict}, ${accepted ? 'accepted' : 'refused'}`;
}

const isAccepting = (outcome) => outcome === 'complete' || outcome.endsWith(', accepted');

/** Whether what was read is `right`, `below` (right for a lower level, or without the option), or `wrong`, and why. */
export function judgeRecipient(vector, found) {
  const outcome = outcomeOf(found);
  const { expect, below = [], status } = vector;
  const content = vector.inner ?? vector.content;
  // A server that was given an upload need not name its verdict: then it counts what it did.
  const isSilent = found.isUpload && found.verdict === undefined;
  const isAmong = (outcomes) =>
    [outcomes].flat().some((one) => one === outcome || (isSilent && found.accepted === isAccepting(one)));
  const grade = isAmong(expect) ? 'right' : isAmong(below) ? 'below' : 'wrong';
  const wrong = (why) => ({ grade: 'wrong', why });
  if (grade === 'wrong') {
    const reason = outcome === 'no verdict' && found.verdict !== undefined ? found.verdict : outcome;
    return wrong(
      `${[expect].flat().join(' or ')}, not ${isSilent ? (found.accepted ? 'accepted' : 'refused') : reason}`,
    );
  }
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
  const framing = results.filter(([{ part, option }]) => part === 'framing' && option === undefined);
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

/** The results, without a gap: of each level, of the framing, of each option. */
export function sumsOf(results, levels) {
  const sum = (name, some) => {
    if (some.length === 0) return [];
    const counts = ['right', 'below', 'wrong', 'not offered']
      .map((grade) => [grade, some.filter(([, found]) => found === grade).length])
      .filter(([grade, count]) => count > 0 || grade === 'right')
      .map(([grade, count]) => `${count} ${grade === 'below' ? 'as a lower level, or without the option' : grade}`);
    return [`${name}: ${counts.join(', ')}`];
  };
  const plain = results.filter(([{ option, part }]) => option === undefined && part === undefined);
  return [
    ...sum(`${results.length} vectors`, results),
    ...levels.flatMap((level) =>
      sum(
        `  ${level}`,
        plain.filter(([vector]) => vector.level === level),
      ),
    ),
    ...sum(
      '  framing',
      results.filter(([{ option, part }]) => option === undefined && part !== undefined),
    ),
    ...sum(
      '  options',
      results.filter(([{ option }]) => option !== undefined),
    ),
  ];
}
