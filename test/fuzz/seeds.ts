/** Where fuzzing starts: for each target, inputs that reach each of its productions, and a dictionary of what means something. */
import { octets } from '../support/octets.ts';

/** A digest of nothing in particular, of the right length. */
const DIGEST = `:${'A'.repeat(43)}=:`;

const WIRES = [
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nnext',
  '00A;a;b=c ; d = "e\\"f\x80" \r\n',
  '3;a=b\r\nabc\r\n0;c="d"\r\nX-Stream-Status: ok;bytes=3\r\nB:\t c \r\n\r\n',
  `1\r\na\r\n0\r\nContent-Digest: sha-256=${DIGEST}\r\nX-Stream-Status: ok;bytes=1\r\n\r\n`,
  '5\r\nhello\r\n1;x-stream-status="error;type=timeout;details=\\"a\\""\r\n',
  '1fffffffffffff\r\na',
  `200\r\n${'x'.repeat(512)}\r\n0\r\n\r\n`,
];

const HEADS = [
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status\r\n\r\n5\r\n',
  'HTTP/1.0 404\r\nContent-Length: 5, 5\r\nConnection: keep-alive\r\n\r\nhello',
  'HTTP/1.1 204 No Content\r\nSet-Cookie: a\r\nset-cookie: b\r\nA: b\r\n c\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \x80\r\n\r\n',
];

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n',
  '\r\n\r\nPOST http://a/b?c HTTP/1.0\r\nCookie: a\r\nCookie: b\r\n\r\nx',
];

const STRUCTURED = [
  'ok;bytes=1048576',
  'error;bytes=0;type=http_response_incomplete;details="\\"a\\\\"',
  `sha-256=${DIGEST}, sha-512=:AA==:;a=?0`,
  'sha-256=10, sha-512=0 ,\tunixsum=3',
  'a=(1 2.5 "b");c;d=@-1, *e=%"%c3%bc"',
];

const withFirst = (first: number, text: string) => Uint8Array.from([first, ...octets(text)]);

export const SEEDS: Readonly<Record<string, readonly Uint8Array[]>> = {
  decoder: WIRES.flatMap((wire, at) => [withFirst(2 * at, wire), withFirst(2 * at + 1, wire)]),
  fields: [octets('\x0f\0X-Stream-Statusok'), octets('\x01\x01a\0\xe9\0'), octets('\x04\0Hosta\r\nb: c')],
  'structured-fields': STRUCTURED.map(octets),
  head: [...HEADS.map((text) => withFirst(2, text)), ...REQUESTS.map((text) => withFirst(3, text))],
};

export const DICTIONARY: readonly Uint8Array[] = [
  ...['\r\n', '\r\n\r\n', '\n', '\r', ' ', '\t', ';', '=', '"', '\\', ':', ',', '\0', '\x7f', '\xff', '0\r\n', '1\r\n'],
  ...['a=b', ';a="b"', 'HTTP/1.1 ', 'Content-Length: ', 'Transfer-Encoding: chunked\r\n', 'X-Stream-Status: ', 'ok'],
  ...['error', ';bytes=', ';type=', ';details="', 'sha-256=', ':AA==:', '?1', '%"', '@0', '(', ')', 'ffffffff'],
  ...['x-stream-status="error"', '1fffffffffffff', '20000000000000', '999999999999999'],
].map(octets);
