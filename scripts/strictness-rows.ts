/**
 * The rows of the table in spec-notes/strictness.md: telling records of ../shared/corpus by their ids, grouped by subject,
 * and why what we do with them is right. Inputs and the outcomes of others are looked up there; ours are computed.
 */

export interface Group {
  subject: string;
  rows: readonly (readonly [id: string, why: string])[];
}

const CHUNK_LINE_LF = 'the LF of §2.2 is for start-lines and fields; erratum 7633, for chunk lines, was rejected';
const NOT_BWS = 'whitespace that is not BWS: no `;` follows';
const NO_FIELD_LINE = 'no colon behind the name, so no field line';
const EXTRA_TRAILER = 'a whole field line; the name never trails, so it stays out of `trailers`, and frames nothing';
const CONTENT = 'content of a request is not read: the connection ends behind the response';

export const GROUPS: readonly Group[] = [
  {
    subject: 'Sizes',
    rows: [
      ['h11/mixed-case-hex', 'HEXDIG of either case (§1.2)'],
      ['hyper/read-size-ok-01', '1*HEXDIG: leading zeros are in the grammar'],
      ['reactphp-http/LeadingZerosInEndChunkWillBeIgnored', 'last-chunk = 1*("0")'],
      ['waitress/size-invalid-0', '`x` is no HEXDIG'],
      ['waitress/size-invalid-3', 'no sign in the grammar'],
      ['twisted/size-negative', 'no sign in the grammar'],
      ['mint/signed-0', 'no sign in the grammar; whoever takes it ends the body here'],
      ['gunicorn/asgi-size-underscore', '`_` is no HEXDIG, whatever `int()` takes'],
      ['puma/size-5.01', 'no fraction in the grammar'],
      ['h11/nul-in-size', 'NUL is no HEXDIG'],
      ['ureq-proto/not-ascii', 'octets are parsed, not characters (§2.2)'],
      ['chunked-transfer/bad-length', '`m` is no HEXDIG'],
      [
        'reactphp-http/EmptyHeaderLeadsToError',
        'at least one digit; whoever takes it for 0 ends a body that has not ended',
      ],
      ['hyper/missing-zero-digit', 'the same, behind a chunk'],
      ['mint/metadata-trailers', 'an extension begins with `;`'],
      ['cowlib/size-fff', 'over 2^53−1, where a size would lose precision: a limit, before any data (§7.1, MUST)'],
      ['cowlib/size-17-digits', 'the same; 64 bits overflow to 0 here, and would end the body'],
      ['h11/hundred-nines', 'the same'],
    ],
  },
  {
    subject: 'Whitespace',
    rows: [
      ['hyper/read-size-ok-13', 'BWS before `;`, which a recipient must parse (9110 §5.6.3)'],
      ['hyper/read-size-ok-12', 'BWS behind `;`'],
      ['waitress/ext-invalid-3', 'BWS around `=`; the body is cut behind it'],
      ['h11/trailing-ws', NOT_BWS],
      ['hyper/read-size-ok-07', NOT_BWS],
      ['gunicorn/invalid-chunked_09', NOT_BWS],
      ['cowlib/extra-spaces', NOT_BWS],
      ['waitress/size-invalid-4', 'nothing may stand before a size'],
      ['reactphp-http/AdditionalWhitespaceInEndChunkWillBeIgnored', 'nothing may stand before a size'],
    ],
  },
  {
    subject: 'Extensions',
    rows: [
      ['hyper/read-size-ok-08', 'a name alone; unknown extensions are ignored (§7.1.1, MUST)'],
      ['gunicorn/valid-rfc9112_chunked_ext_quoted_01', 'a quoted-string'],
      ['hyper/read-size-ok-11', 'a name is at least one tchar'],
      ['twisted/long', 'a name is at least one tchar'],
      ['waitress/ext-invalid-1', 'a value is at least one tchar, or quoted'],
      ['hyper/read-size-ok-09', 'a space cannot stand in a name, and no `=` or `;` follows it'],
      ['twisted/ext-bad-00', 'NUL is no tchar'],
      ['twisted/ext-bad-5c', '`\\` is no tchar'],
      ['gunicorn/invalid-chunked_12', 'an extension without a size'],
      ['gunicorn/invalid-chunked_14', 'a bare CR in a value: to some the line ends there'],
      ['hyper/read-size-err-11', `a bare LF: ${CHUNK_LINE_LF}`],
      ['hyper/ext-over-limit', 'a limit: 4096 octets a chunk line (§7.1.1 asks for one)'],
    ],
  },
  {
    subject: 'Line ends and data',
    rows: [
      ['picohttpparser/failure-428', CHUNK_LINE_LF],
      ['actix/hrs-ext-lf', CHUNK_LINE_LF],
      ['gunicorn/invalid-chunked_11', 'the LF within BWS; whoever takes it reads another line than others'],
      ['chunked-transfer/invalid2', 'a bare CR'],
      ['httparse/size-line-05', 'a bare CR'],
      ['picohttpparser/failure-429', 'chunk-data ends with CRLF'],
      ['h11/no-terminator', 'chunk-data ends with CRLF; h11 once skipped two octets unseen'],
      ['reactphp-http/ChunkIsBiggerThenExpected', 'more data than announced'],
      ['puma/mismatch-2', 'less data than announced: its CR was taken for data, and LF is no CRLF'],
      ['waitress/bad-terminator', 'chunk-data ends with CRLF'],
      ['protocol-http1/short', 'data is still to come (§8)'],
    ],
  },
  {
    subject: 'The end',
    rows: [
      ['picohttpparser/leftdata', 'whole; what follows is not ours, and comes back as `rest`'],
      ['hyper/single-read', 'the CRLF behind the trailer section is still to come'],
      ['twisted/early-close', 'its LF is still to come'],
      ['waitress/trailer-lf', 'LF for the empty line is a MAY of §2.2 that we do not take up'],
      ['picohttpparser/failure-432', CHUNK_LINE_LF],
      ['pingora/trailers_malformed_3', 'a bare LF, and no colon'],
    ],
  },
  {
    subject: 'Trailer fields',
    rows: [
      ['hyper/trailers-dup', 'repeats are kept, in order (9110 §6.5.2)'],
      ['gunicorn/invalid-rfc9110_trailer_forbidden_cl_01', EXTRA_TRAILER],
      ['gunicorn/invalid-rfc9110_trailer_forbidden_te_01', EXTRA_TRAILER],
      ['gunicorn/invalid-rfc9110_trailer_forbidden_host_01', EXTRA_TRAILER],
      ['picohttpparser/consume-trailer-448', 'LF for a field line is a MAY of §2.2 that we do not take up'],
      ['waitress/trailer-no-colon', NO_FIELD_LINE],
      ['hyper/trailer-missing-lf', NO_FIELD_LINE],
      ['twisted/trailer-bare-cr-name', 'CR is no tchar'],
      ['protocol-http1/bad-trailer', 'a name is at least one tchar (§5)'],
      ['hyper/trailer-huge', 'within our 16,384 octets'],
    ],
  },
  {
    subject: 'Framing, decided by the head',
    rows: [
      ['mint/unknown-coding', 'a response in a coding that we cannot decode: refused, not guessed'],
      ['cpp-httplib/case', CONTENT],
      ['gunicorn/invalid-rfc9112_smuggle_cl_te_chunked_01', CONTENT],
      ['puma/te-not-last', CONTENT],
      ['puma/te-multiple', CONTENT],
      ['puma/te-xchunked', CONTENT],
      ['aws-c-http/bad-twice', CONTENT],
      ['tornado/http10-chunked', CONTENT],
      ['tornado/te-duplicate', 'bare LF in a head is refused at once'],
    ],
  },
];
