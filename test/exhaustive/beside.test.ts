/**
 * Somebody writes, ends or destroys beside us, at every moment of a body that is whole or fails, for every kind of request. The
 * client knows no HTTP but what string operations read. It takes a body for whole where its framing is, which in HTTP/1.0 is FIN,
 * and, if it has asked, no status says otherwise. Then the content has to be all of it; or what somebody else has answered
 * in our place, before anything of ours was sent. (With a plain `res` in the place of ours, 418 of 1,716 are silent.)
 */
import { connect } from 'node:net';
import { describe, expect } from 'vitest';
import { type Case, casesOf, ORIGINS, THEIRS } from './beside.ts';
import { CASE_TIMEOUT, everyNth } from './form.ts';
import { listening } from './listening.ts';
import { CONTENT } from './origin.ts';
import { inPool } from './pool.ts';
import { countedTest, type Outcome, promiseOf } from './tally.ts';

const ASKINGS: [name: string, version: string, fields: string][] = [
  ['HTTP/1.1', '1.1', ''],
  ['the status', '1.1', 'X-Want-Stream-Status: ?1\r\n'],
  ['trailers', '1.1', 'TE: trailers\r\nConnection: TE\r\n'],
  ['both', '1.1', 'TE: trailers\r\nConnection: TE\r\nX-Want-Stream-Status: ?1\r\n'],
  ['HTTP/1.0', '1.0', ''],
];

/** As many connections at once: a reset comes a second after the last octets. */
const AT_ONCE = 200;

describe.each(ORIGINS)('$name', (origin) => {
  const cases = casesOf(origin);
  for (const [asking, version, fields] of ASKINGS) {
    countedTest(`${asking}: somebody writes, ends or destroys beside us`, `beside us, ${origin.name}`, (tally) =>
      listening(origin.make(cases), (port) =>
        inPool(
          everyNth(cases.entries(), version === '1.0' ? 3 : 1),
          async ([index, one]) => {
            const request = `GET /${index} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;
            const next = version === '1.0' ? '' : 'GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
            const { octets, end } = await answerTo(port, request + next);
            const outcome = conclusion(octets, end);
            const contents = contentsOf(one, outcome.data);
            const mayEnd = contents.some((content) => content.equals(outcome.data));
            // What comes too late has no part in it.
            const isLate = one.fate === 'whole' && (one.moment === 'when it is over' || one.moment === 'later');
            if (isLate) expect(outcome, nameOf(one)).toMatchObject({ ended: true, data: CONTENT });
            tally.add(outcome, { contents, require: 'announced', mayEnd }, () => nameOf(one));
          },
          AT_ONCE,
        ),
      ),
    );
  }
});

const nameOf = ({ deed: [title], moment, fate }: Case) => `${title} ${moment}, of a source that ${fate}`;

function contentsOf({ fate }: Case, data: Buffer): Buffer[] {
  const ours = fate === 'whole' ? [CONTENT] : [];
  // An answer in our place is all theirs.
  return data.equals(Buffer.from(THEIRS)) ? [...ours, data] : ours;
}

/** All that comes on a connection, and how it ends. */
function answerTo(port: number, request: string): Promise<{ octets: string; end: string }> {
  return new Promise((resolve, reject) => {
    let octets = '';
    let end = 'closed';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const timer = setTimeout(() => {
      reject(new Error(`${JSON.stringify(request)} hangs after ${JSON.stringify(octets)}`));
      socket.destroy();
    }, CASE_TIMEOUT);
    socket
      .on('data', (data) => {
        octets += data.toString('latin1');
      })
      .on('end', () => {
        end = 'FIN';
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        end = error.code ?? error.message;
      })
      .on('close', () => {
        clearTimeout(timer);
        resolve({ octets, end });
      })
      .write(request);
  });
}

interface Message {
  status: number;
  fields: [name: string, value: string][];
  data: string;
  isWhole: boolean;
  trailers: string;
  rest: string;
}

function messageOf(octets: string, end: string): Message | undefined {
  const headEnd = octets.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine, ...lines] = octets.slice(0, headEnd).split('\r\n');
  const fields = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const status = Number(statusLine!.slice(9, 12));
  const body = octets.slice(headEnd + 4);
  const fieldOf = (name: string) => fields.find(([one]) => one.toLowerCase() === name)?.[1];
  const length = fieldOf('content-length');
  if (fieldOf('transfer-encoding') === 'chunked') return { status, fields, ...unchunked(body) };
  if (length === undefined) return { status, fields, data: body, isWhole: end === 'FIN', trailers: '', rest: '' };
  const data = body.slice(0, Number(length));
  return {
    status,
    fields,
    data,
    isWhole: data.length === Number(length),
    trailers: '',
    rest: body.slice(Number(length)),
  };
}

function unchunked(body: string): Pick<Message, 'data' | 'isWhole' | 'trailers' | 'rest'> {
  let data = '';
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/.exec(body.slice(at));
    const size = Number.parseInt(line?.[1] ?? '', 16);
    const from = at + (line?.[0].length ?? 0);
    if (size === 0) {
      const trailerEnd = body.startsWith('\r\n', from) ? from : body.indexOf('\r\n\r\n', from) + 2;
      const isWhole = trailerEnd >= from;
      return { data, isWhole, trailers: body.slice(from, trailerEnd), rest: isWhole ? body.slice(trailerEnd + 2) : '' };
    }
    if (line === null || body.length < from + size + 2)
      return { data, isWhole: false, trailers: '', rest: body.slice(at) };
    data += body.slice(from, from + size);
    at = from + size + 2;
  }
}

/** What a client concludes of the first message; and whether the second, if there is one, is the answer to its request. */
function conclusion(octets: string, end: string): Outcome {
  const message = messageOf(octets, end);
  const { status = 0, fields = [], data = '', isWhole = false, trailers = '', rest = '' } = message ?? {};
  const promise = promiseOf(status, fields);
  const nothing = { ended: false, kind: undefined, data: Buffer.from(data, 'latin1'), promise };
  if (isWhole && rest !== '') {
    const next = messageOf(rest, end);
    // Half of the next answer is that one's own failure.
    const isRight =
      next?.status === 200 && CONTENT.toString().startsWith(next.data) && (!next.isWhole || next.rest === '');
    if (!isRight)
      return { ...nothing, ended: true, kind: 'complete', data: Buffer.from(`BETWEEN TWO ANSWERS: ${rest}`) };
  }
  if (!isWhole || status !== 200 || trailers.includes('X-Stream-Status: error')) return nothing;
  const kind = trailers.includes('X-Stream-Status: ok') ? 'complete' : 'unverified';
  return { ...nothing, ended: true, kind };
}
