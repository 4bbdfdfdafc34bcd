/**
 * Strategy: responses, good and bad, go to `receive` over a real socket and to the annotator, which concludes the same:
 * verdict, code, and where the framing broke. Heads are cut into lines by hand-written expectations.
 */
import { describe, expect, test } from 'vitest';
import { receive } from '../../../src/node/receive/receive.ts';
import { consume } from '../../node/receive/receiving.ts';
import { missingVectors, octetsOf, readVectors, skip } from '../../strictness/vectors.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { byteByByte, everySplit, latin1, octets } from '../../support/octets.ts';
import { connection } from '../../support/sockets.ts';
import { annotate, comparable, expectCovered, listed } from './annotating.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const SEALED = `${OK}Transfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n`;
const BODY = `13\r\n${HELLO_WORLD}\r\n0\r\n`;
const DIGEST = `Content-Digest: ${HELLO_WORLD_SHA_256}\r\n`;

interface Outcome {
  kind: string;
  code: string | undefined;
  reason: string | undefined;
  /** Of an error in the body, from its start. */
  offset: number | undefined;
}

async function received(wire: Uint8Array, method: string): Promise<Outcome> {
  const { client, server } = await connection();
  server.on('error', () => {});
  server.end(wire);
  try {
    const { body } = await receive(client, { method });
    const { error } = await consume(body);
    const { kind, reason, error: cause } = await body.verdict;
    return { kind, code: error?.code, reason, offset: cause?.offset };
  } catch (error) {
    return { kind: 'no-response', code: (error as { code: string }).code, reason: undefined, offset: undefined };
  }
}

function annotated(wire: Uint8Array, method: string): Outcome {
  const annotation = annotate([wire], { method });
  expectCovered(annotation, wire);
  expect(comparable(annotate(byteByByte(wire), { method }))).toEqual(comparable(annotation));
  const [verdict] = annotation.verdicts;
  const { kind, code, reason } = verdict!;
  if (kind === 'no-response') return { kind, code, reason: undefined, offset: undefined };
  const { pieces, error, verdicts } = annotation;
  const bodyStart = pieces.findLast(({ kind: one }) => one === 'head-end')!;
  const offset = error === undefined || verdicts.length > 1 ? undefined : error.offset - bodyStart.offset - 2;
  return { kind, code, reason, offset };
}

const WIRES: [what: string, wire: string, method?: string][] = [
  ['complete', `${SEALED}${BODY}X-Stream-Status: ok;bytes=19\r\n${DIGEST}\r\n`],
  ['failed, in trailers', `${SEALED}${BODY}X-Stream-Status: error;type=timeout\r\n\r\n`],
  ['failed, in an abort chunk', `${CHUNKED}2\r\nhi\r\n1;x-stream-status="error;type=a"\r\n`],
  ['another count', `${SEALED}${BODY}X-Stream-Status: ok;bytes=3\r\n\r\n`],
  ['another digest', `${SEALED}2\r\nhi\r\n0\r\nX-Stream-Status: ok\r\n${DIGEST}\r\n`],
  ['a digest that was not announced', `${CHUNKED}${BODY}X-Stream-Status: ok\r\n${DIGEST}\r\n`],
  ['announced, but absent', `${SEALED}${BODY}\r\n`],
  ['a digest that was announced, but absent', `${SEALED}${BODY}X-Stream-Status: ok;bytes=19\r\n\r\n`],
  ['never announced', `${CHUNKED}${BODY}\r\n`],
  ['unreadable', `${CHUNKED}${BODY}X-Stream-Status: ???\r\n\r\n`],
  ['truncated at once', CHUNKED],
  ['truncated in a chunk', `${CHUNKED}5\r\nhel`],
  ['truncated in its trailers', `${SEALED}${BODY}X-Stream-Status: ok;bytes=19\r`],
  ['a chunk-size that is none', `${CHUNKED}2\r\nhi\r\nZZ\r\n`],
  ['a chunk line over its limit', `${CHUNKED}2;${'a'.repeat(5000)}\r\nhi\r\n0\r\n\r\n`],
  ['trailers over their limit', `${CHUNKED}0\r\n${'a: b\r\n'.repeat(200)}\r\n`],
  ['Content-Length', `${OK}Content-Length: 5\r\n\r\nhello`],
  ['Content-Length, cut', `${OK}Content-Length: 5\r\n\r\nhel`],
  ['Content-Length: 0', `${OK}Content-Length: 0\r\n\r\n`],
  ['until the connection ends', `${OK}\r\nhello`],
  ['nothing until the connection ends', `${OK}\r\n`],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello'],
  ['204', 'HTTP/1.1 204 No Content\r\nTrailer: X-Stream-Status\r\n\r\n'],
  ['a response to HEAD', SEALED, 'HEAD'],
  [
    'behind interim responses',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${CHUNKED}${BODY}\r\n`,
  ],
  ['an interim response alone', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['a head that is cut', `${OK}Transfer-Enc`],
  ['its name only', 'HTT'],
  ['HTTP/2', 'HTTP/2 200 \r\n\r\n'],
  ['a bare LF', `${OK}A: b\n\r\n`],
  ['a name that is none', `${OK}A: b\r\nC : d\r\nE: f\r\n\r\n`],
  ['obs-fold', `${OK}A: b\r\n c\r\nContent-Length: 2\r\n\r\nhi`],
  ['both lengths', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`],
  ['chunked twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['a head over its limit', `${OK}A: ${'b'.repeat(70_000)}\r\n\r\n`],
  ['fields over their limit', `${OK}${'a: b\r\n'.repeat(300)}\r\n`],
];

describe('the conclusion is that of receive', () => {
  test.each(WIRES)('%s', async (_, text, method = 'GET') => {
    const wire = octets(text);
    const expected = await received(wire, method);
    if (expected.kind !== 'no-response') expect(expected.reason).toBeDefined();
    expect(annotated(wire, method)).toEqual(expected);
  });

  // What does not begin as a response is a chunked body to inspect.
  const vectors = readVectors().filter(
    (vector) => vector.kind === 'response' && latin1(octetsOf(vector)).startsWith('HTTP/'),
  );
  test.each(vectors)('$id: $why', async (vector) => {
    const wire = octetsOf(vector);
    expect(annotated(wire, 'GET')).toEqual(await received(wire, 'GET'));
  });

  test('the vectors of other implementations', (context) => {
    if (missingVectors !== undefined) skip(context, missingVectors);
  });
});

describe('heads', () => {
  test('RFC 9112 §2.1: their pieces', () => {
    const wire = octets(`HTTP/1.1 100 \r\n\r\n${OK}A: b\r\n c\r\nContent-Length: 2\r\n\r\nhi`);
    expect(listed(annotate([wire]))).toEqual([
      ['status-line', 'HTTP/1.1 100 '],
      ['crlf', '\r\n'],
      ['head-end', '\r\n'],
      ['status-line', 'HTTP/1.1 200 OK'],
      ['crlf', '\r\n'],
      ['field-line', 'A: b'],
      ['crlf', '\r\n'],
      ['obs-fold', ' c'],
      ['crlf', '\r\n'],
      ['field-line', 'Content-Length: 2'],
      ['crlf', '\r\n'],
      ['head-end', '\r\n'],
      ['content', 'hi'],
    ]);
  });

  test.each([
    ['a status line that is none', 'HTTP/1.1 2OO\r\nA: b\r\n\r\n', 'HTTP/1.1 2OO'],
    ['a field line that is none', `${OK}A: b\r\nC : d\r\nE: f\r\n\r\n`, 'C : d'],
    [
      'the line that makes it ambiguous',
      `${OK}Content-Length: 2\r\nA: b\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n`,
      'Transfer-Encoding: chunked',
    ],
    ['the first line over the limit', `${OK}${'a: b\r\n'.repeat(256)}c: d\r\n${'e: f\r\n'.repeat(9)}\r\n`, 'c: d'],
    ['a bare LF', `${OK}A: b\n\r`, '\n'],
  ])('%s is to blame', (_, text, blamed) => {
    const wire = octets(text);
    const error = annotate([wire]).error!;
    const { offset, octets: found } = error;
    expect([offset, latin1(found), error.blamed]).toEqual([text.lastIndexOf(blamed), blamed, blamed.length]);
  });
});

test('responses one behind the other, of every framing, and what is behind them', () => {
  const wires = [
    `${CHUNKED}${BODY}\r\n`,
    `${OK}Content-Length: 2\r\n\r\nhi`,
    'HTTP/1.1 304 \r\n\r\n',
    `${SEALED}${BODY}\r\n`,
  ];
  const wire = octets(`${wires.join('')}HTTP behind`);
  const annotation = annotate([wire]);
  expectCovered(annotation, wire);
  const starts = annotation.events.flatMap((event) => (event.type === 'message' ? [event.offset] : []));
  expect(starts).toEqual(wires.map((_, at) => wires.slice(0, at).join('').length));
  expect(annotation.verdicts.map(({ kind, code, exitCode }) => [kind, code, exitCode])).toEqual([
    ...Array(3).fill(['unverified', undefined, 0]),
    ['unverified', 'ERR_BODY_UNVERIFIED', 24],
  ]);
  expect(annotation.exitCode).toBe(24);
  expect(listed(annotation).at(-1)).toEqual(['behind', 'HTTP behind']);
  for (const pieces of [byteByByte(wire), ...everySplit(wire)]) {
    expect(comparable(annotate(pieces))).toEqual(comparable(annotation));
  }
});

test('a thousand responses in one read', () => {
  const wire = octets('HTTP/1.1 204 \r\n\r\n'.repeat(1000));
  const { verdicts, exitCode } = annotate([wire]);
  expect([verdicts.length, exitCode]).toEqual([1000, 0]);
});

test.each([
  ['curl without --raw', `${CHUNKED}hello`, /--raw/],
  ['gzip', '\x1f\x8b\x08\0', /gzip/],
  ['a request', 'GET / HTTP/1.1\r\n\r\n', /request/],
  ['something else', 'zzz', /neither/],
  ['HTTP/2', 'HTTP/2 200 \r\n\r\n', /--http1\.1/],
  ['line ends of a text, in a head', 'HTTP/1.1 200 OK\n\n', /line ends/],
  ['line ends of a text, in a body', '5\nhello\n0\n\n', /line ends/],
  ['a response to HEAD', CHUNKED, /--method HEAD/],
  ['no status', '0\r\n\r\n', /--require always/],
])('a hint, which fits 80 columns: %s', (_, text, expected) => {
  const { hint } = annotate([octets(text)]).verdicts.at(-1)!;
  expect(hint).toMatch(expected);
  expect(`  hint: ${hint}`.length).toBeLessThan(80);
});

test.each([
  ['a failure that is told', `${CHUNKED}1;x-stream-status=error\r\n`],
  ['a body cut in the middle', `${CHUNKED}2\r\nhi\r\n`],
  ['a response without a body', 'HTTP/1.1 204 \r\n\r\n'],
])('no hint: %s', (_, text) => {
  expect(annotate([octets(text)]).verdicts[0]?.hint).toBeUndefined();
});
