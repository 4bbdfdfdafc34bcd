/**
 * The table of verdicts (x-stream-status 5.2): a response as its octets, what a receiver concludes of it, and what its
 * stream fails with at each `require`. It is written once; verdicts.test.ts holds every receiver to it.
 */
import type { BodyErrorCode, Verdict } from '../../src/core/verdict.ts';
import type { Require } from '../../src/core/verifier.ts';
import { EMPTY_SHA_256, HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';

type Code = BodyErrorCode | undefined;

export interface Conclusion {
  kind: Verdict['kind'];
  code: Readonly<Record<Require, Code>>;
}

export interface Row extends Conclusion {
  title: string;
  /** The head, with the empty line behind it. */
  head: string;
  body: string;
  /** What a reader gets when the body may end. */
  content: string;
  method: 'GET' | 'HEAD';
  /** How the connection ends after these octets. */
  end: 'FIN' | 'RST' | 'open';
  /** What a receiver has to be able to do for this row, if not all of them are. */
  needs?: 'abort line' | 'strict parser' | 'refusal of the body alone' | 'sha-256 alone' | 'end of a 304';
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const BARE = `${OK}${CHUNKED}\r\n`;
const STATUS_ANNOUNCED = `${OK}${CHUNKED}Trailer: X-Stream-Status\r\n\r\n`;
const BOTH_ANNOUNCED = `${OK}${CHUNKED}Trailer: X-Stream-Status, Content-Digest\r\n\r\n`;
const LENGTH = `${OK}Content-Length: 19\r\n\r\n`;

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const COUNTED = 'X-Stream-Status: ok;bytes=19';
const DIGEST = `Content-Digest: ${HELLO_WORLD_SHA_256}`;
const IN_SHA_512 = `Content-Digest: ${HELLO_WORLD_SHA_512}`;
const WRONG = 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:';

/** The chunk, the last-chunk and these trailers. */
const whole = (...trailers: string[]) => `${CHUNK}0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;
/** The head with further field lines. */
const and = (head: string, ...lines: string[]) => head.replace(/\r\n$/, `${lines.join('\r\n')}\r\n\r\n`);

type Octets = Partial<Omit<Row, keyof Conclusion | 'title'>> & { head: string; body: string };

function row(title: string, octets: Octets, kind: Row['kind'], code: Row['code']): Row {
  return { title, content: HELLO_WORLD, method: 'GET', end: 'FIN', ...octets, kind, code };
}

const always = (code: Code) => ({ announced: code, always: code, never: code });
const UNVERIFIED = 'ERR_BODY_UNVERIFIED';

const complete = (title: string, octets: Octets) => row(title, octets, 'complete', always(undefined));
const failed = (title: string, octets: Octets) => row(title, octets, 'failed', always('ERR_BODY_FAILED'));
const truncated = (title: string, octets: Octets) => row(title, octets, 'truncated', always('ERR_BODY_TRUNCATED'));
const malformed = (title: string, octets: Octets) => row(title, octets, 'malformed', always('ERR_BODY_MALFORMED'));
const mismatch = (title: string, octets: Octets) => row(title, octets, 'mismatch', always('ERR_BODY_MISMATCH'));
/** An error unless the caller says `never`. */
const doubtful = (title: string, octets: Octets) =>
  row(title, octets, 'unverified', { announced: UNVERIFIED, always: UNVERIFIED, never: undefined });
/** An error only if the caller says `always`. */
const plain = (title: string, octets: Octets) =>
  row(title, octets, 'unverified', { announced: undefined, always: UNVERIFIED, never: undefined });
/** No error whatever the caller says: there is nothing that he could use. */
const fine = (title: string, octets: Octets) => row(title, octets, 'unverified', always(undefined));

/** Before the final one, and no part of it. */
const INTERIM = 'HTTP/1.1 103 Early Hints\r\nX-Stream-Status: error\r\nTrailer: X-Stream-Status\r\n\r\n';
/** As a proxy that codes the content anew leaves it: other octets, of another length. */
const RECODED = '{hello:world}';
const RECODING = 'Content-Encoding: x-recoded';

const EMPTY = { body: '', content: '' };
const ABORT_LINE = '1;x-stream-status="error;type=source_error"\r\n';
const HEAD_ERROR = 'X-Stream-Status: error;type=internal_error';

export const ROWS: readonly Row[] = [
  complete('status, count and digest agree', { head: BOTH_ANNOUNCED, body: whole(COUNTED, DIGEST) }),
  complete('a status without a count', { head: BOTH_ANNOUNCED, body: whole('X-Stream-Status: ok', DIGEST) }),
  complete('no content, sealed', {
    head: BOTH_ANNOUNCED,
    body: `0\r\nX-Stream-Status: ok;bytes=0\r\nContent-Digest: ${EMPTY_SHA_256}\r\n\r\n`,
    content: '',
  }),
  complete('a status that was not announced', { head: BARE, body: whole(COUNTED) }),
  complete('RFC 9530 §2: a digest of an unknown algorithm, where none was announced', {
    head: STATUS_ANNOUNCED,
    body: whole(COUNTED, 'Content-Digest: foo=:AA==:'),
  }),
  complete('RFC 9530 §2: a digest that cannot be read, where none was announced', {
    head: STATUS_ANNOUNCED,
    body: whole(COUNTED, 'Content-Digest: ???'),
  }),
  complete('a Content-Digest in the head agrees', { head: and(LENGTH, DIGEST), body: HELLO_WORLD }),
  complete('RFC 9530 §3: a Repr-Digest of a 200 agrees', {
    head: and(LENGTH, `Repr-Digest: ${HELLO_WORLD_SHA_256}`),
    body: HELLO_WORLD,
  }),
  complete('the trailers were stripped, and a Content-Digest in the head agrees', {
    head: and(STATUS_ANNOUNCED, DIGEST),
    body: whole(),
  }),

  complete('RFC 9110 §15.2: interim responses come first', {
    head: `HTTP/1.1 102 Processing\r\n\r\n${INTERIM}${BOTH_ANNOUNCED}`,
    body: whole(COUNTED, DIGEST),
  }),

  failed('an error in the trailers', { head: STATUS_ANNOUNCED, body: whole('X-Stream-Status: error;type=timeout') }),
  failed('an error, not announced', { head: BARE, body: whole('X-Stream-Status: error') }),
  failed('an error tells more than a wrong count and a wrong digest', {
    head: BOTH_ANNOUNCED,
    body: whole('X-Stream-Status: error;bytes=7', `Content-Digest: ${WRONG}`),
  }),
  failed('an abort line', { head: BARE, body: CHUNK + ABORT_LINE, needs: 'abort line' }),
  failed('an error that a proxy has moved to the head', { head: and(LENGTH, HEAD_ERROR), body: HELLO_WORLD }),
  failed('an error in the head, whatever the trailers say', {
    head: and(BOTH_ANNOUNCED, HEAD_ERROR),
    body: whole(COUNTED, DIGEST),
  }),
  failed('an error in the head of a body that is cut', { head: and(BARE, HEAD_ERROR), body: CHUNK }),

  truncated('FIN between chunks', { head: BOTH_ANNOUNCED, body: CHUNK }),
  truncated('FIN in a chunk', { head: BARE, body: `${CHUNK}400\r\n{`, content: `${HELLO_WORLD}{` }),
  truncated('FIN in the last-chunk', { head: BARE, body: `${CHUNK}0\r\n` }),
  truncated('FIN in the trailers', { head: BOTH_ANNOUNCED, body: `${CHUNK}0\r\n${COUNTED}\r\n` }),
  truncated('FIN below Content-Length', { head: LENGTH, body: '{"hello"' }),
  truncated('RST between chunks', { head: BOTH_ANNOUNCED, body: CHUNK, end: 'RST' }),
  truncated('an octet in the chunk of an abort line makes it a chunk', {
    head: BARE,
    body: `${CHUNK}${ABORT_LINE}x`,
    content: `${HELLO_WORLD}x`,
  }),

  malformed('RFC 9112 §7.1: a chunk-size that is none', { head: BOTH_ANNOUNCED, body: `${CHUNK}zz\r\n` }),
  malformed('RFC 9112 §7.1: no CRLF after chunk-data', {
    head: BARE,
    body: `13\r\n${HELLO_WORLD}XX0\r\n\r\n`,
    needs: 'strict parser',
  }),
  malformed('RFC 9112 §7.1.2: white space before the colon of a trailer', {
    head: BARE,
    body: whole('X-Stream-Status : ok'),
    needs: 'strict parser',
  }),
  malformed('RFC 9112 §5: a field line that is none', { head: STATUS_ANNOUNCED, body: whole('no colon') }),
  malformed('RFC 9112 §6.1: a 204 with Transfer-Encoding', {
    head: BOTH_ANNOUNCED.replace('200 OK', '204 No'),
    body: whole(COUNTED, DIGEST),
    needs: 'refusal of the body alone',
  }),

  row(
    'trailers over the limit',
    { head: BARE, body: whole(...Array.from({ length: 40 }, () => `X-Long: ${'a'.repeat(4000)}`)) },
    'malformed',
    always('ERR_BODY_LIMIT'),
  ),

  mismatch('a count that is too high', { head: BOTH_ANNOUNCED, body: whole('X-Stream-Status: ok;bytes=20', DIGEST) }),
  mismatch('a count that is too low', { head: BARE, body: whole('X-Stream-Status: ok;bytes=0') }),
  mismatch('a digest that disagrees', { head: BOTH_ANNOUNCED, body: whole(COUNTED, `Content-Digest: ${WRONG}`) }),
  mismatch('a digest that disagrees tells more than a status that is missing', {
    head: BOTH_ANNOUNCED,
    body: whole(`Content-Digest: ${WRONG}`),
  }),
  mismatch('a Content-Digest in the head disagrees', {
    head: and(LENGTH, `Content-Digest: ${WRONG}`),
    body: HELLO_WORLD,
  }),
  mismatch('a proxy has coded the content anew, and kept the digest in the head', {
    head: and(LENGTH.replace('19', '13'), RECODING, DIGEST),
    body: RECODED,
    content: RECODED,
  }),
  mismatch('a proxy has coded the content anew, and kept the trailers', {
    head: and(BOTH_ANNOUNCED, RECODING),
    body: `d\r\n${RECODED}\r\n0\r\n${COUNTED}\r\n${DIGEST}\r\n\r\n`,
    content: RECODED,
  }),
  mismatch('RFC 9530 §3: a Repr-Digest of a 200 disagrees', {
    head: and(LENGTH, `Repr-Digest: ${WRONG}`),
    body: HELLO_WORLD,
  }),

  doubtful('the status was announced and stripped', { head: STATUS_ANNOUNCED, body: whole() }),
  doubtful('status and digest were announced and stripped', { head: BOTH_ANNOUNCED, body: whole() }),
  doubtful('the digest alone was announced and stripped', { head: BOTH_ANNOUNCED, body: whole(COUNTED) }),
  doubtful('the status alone was stripped', { head: BOTH_ANNOUNCED, body: whole(DIGEST) }),
  doubtful('RFC 9530 §2: the digest came in an algorithm that is not hashed', {
    head: BOTH_ANNOUNCED,
    body: whole(COUNTED, IN_SHA_512),
    needs: 'sha-256 alone',
  }),
  doubtful('RFC 9530 §2: the digest came in an unknown algorithm', {
    head: BOTH_ANNOUNCED,
    body: whole(COUNTED, 'Content-Digest: foo=:AA==:'),
  }),
  doubtful('a status that cannot be read, announced', { head: STATUS_ANNOUNCED, body: whole('X-Stream-Status: "?') }),
  doubtful('a status that cannot be read, not announced', { head: BARE, body: whole('X-Stream-Status: "?') }),
  doubtful('two statuses', { head: STATUS_ANNOUNCED, body: whole('X-Stream-Status: ok', 'X-Stream-Status: ok') }),
  doubtful('a status that a proxy has doubled, in one line', {
    head: BOTH_ANNOUNCED,
    body: whole(`${COUNTED}, ok;bytes=19`, DIGEST),
  }),
  doubtful('a proxy has coded the content anew, and dropped the trailers', {
    head: and(BOTH_ANNOUNCED, RECODING),
    body: `d\r\n${RECODED}\r\n0\r\n\r\n`,
    content: RECODED,
  }),
  doubtful('a proxy has moved an ok and its digest to the head, where it was announced', {
    head: and(STATUS_ANNOUNCED, COUNTED),
    body: whole(),
  }),
  doubtful('an ok in the head vouches for nothing: it announces', { head: and(BARE, COUNTED), body: whole() }),
  doubtful('an ok in the head, with Content-Length', { head: and(LENGTH, COUNTED), body: HELLO_WORLD }),
  doubtful('a status in the head that cannot be read announces', {
    head: and(LENGTH, 'X-Stream-Status: "?'),
    body: HELLO_WORLD,
  }),
  doubtful('an announced status of an error response', {
    head: STATUS_ANNOUNCED.replace('200 OK', '500 No'),
    body: whole(),
  }),

  plain('RFC 9110 §15.2: what an interim response says is not said of the final one', {
    head: INTERIM + BARE,
    body: whole(),
  }),
  plain('chunked, nothing announced, nothing came', { head: BARE, body: whole() }),
  plain('Content-Length, nothing announced', { head: LENGTH, body: HELLO_WORLD }),
  plain('up to FIN, nothing announced', { head: `${OK}\r\n`, body: HELLO_WORLD }),

  fine('an error response is not held to `always`', { head: BARE.replace('200 OK', '404 No'), body: whole() }),
  fine('RFC 9110 §9.3.2: a response to HEAD', { head: BOTH_ANNOUNCED, ...EMPTY, method: 'HEAD' }),
  fine('RFC 9110 §9.3.2: a response to HEAD with a Content-Length', { head: LENGTH, ...EMPTY, method: 'HEAD' }),
  fine('RFC 9110 §15.3.5: a 204', { head: 'HTTP/1.1 204 No\r\nTrailer: X-Stream-Status\r\n\r\n', ...EMPTY }),
  fine('RFC 9110 §15.3.5: a 204 with a Content-Length', {
    head: 'HTTP/1.1 204 No\r\nContent-Length: 19\r\n\r\n',
    ...EMPTY,
    needs: 'end of a 304',
  }),
  fine('RFC 9110 §15.4.5: a 304', { head: 'HTTP/1.1 304 No\r\nTrailer: X-Stream-Status\r\n\r\n', ...EMPTY }),
  fine('RFC 9110 §15.4.5: a 304 with the Content-Length of a 200', {
    head: 'HTTP/1.1 304 No\r\nContent-Length: 19\r\n\r\n',
    ...EMPTY,
    needs: 'end of a 304',
  }),
  fine('RFC 9110 §15.3.6: a 205 with a Content-Length of 0', {
    head: 'HTTP/1.1 205 -\r\nContent-Length: 0\r\n\r\n',
    ...EMPTY,
  }),
  fine('RFC 9110 §15.3.6: a 205 with no chunk but the last', {
    head: BARE.replace('200 OK', '205 -'),
    body: '0\r\n\r\n',
    content: '',
  }),
];
