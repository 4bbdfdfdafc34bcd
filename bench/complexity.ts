/**
 * npm run bench:complexity: no input costs more than its length. For each place in which a sender can put many octets, the
 * time of the work is measured at sizes that double up to 32 times the first, and the exponent of time against size is
 * fitted: about 1. The limits are raised where they would stop it first. The time is CPU time, the least of several runs,
 * and a fit that fails is made again: a busy machine can make one steeper than it is, never flatter ten times. A test cannot
 * do this: on a busy machine it would fail now and then.
 */

import { Decoder } from '../src/core/decoder.ts';
import type { Limits } from '../src/core/limits.ts';
import { parseStreamStatus } from '../src/core/stream-status.ts';
import { parseDictionary } from '../src/core/structured-fields.ts';
import { HeadScanner } from '../src/node/head/head-scanner.ts';
import { parseResponseHead, responseFraming } from '../src/node/head/message-head.ts';
import { acceptsInContent } from '../src/node/send/in-content.ts';
import { negotiate } from '../src/node/send/negotiation.ts';
import { valuesByName } from '../src/node/send/response-head.ts';
import { octets } from '../test/support/octets.ts';
import { fitExponent } from './fit.ts';

const MAX_EXPONENT = 1.1;
const DOUBLINGS = 5;
const REPEATS = 4;
const ATTEMPTS = 10;

const INFINITE: Limits = {
  maxChunkLineBytes: Number.POSITIVE_INFINITY,
  maxChunkOverheadBytes: Number.POSITIVE_INFINITY,
  maxTrailerBytes: Number.POSITIVE_INFINITY,
  maxTrailerFields: Number.POSITIVE_INFINITY,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  maxHeadBytes: Number.POSITIVE_INFINITY,
  maxHeadFields: Number.POSITIVE_INFINITY,
};

type Work = (size: number) => void;

/** The beginning, `size` times the piece in reads of about `readBytes` (1: an octet each), and the end, through a Decoder. */
function decoding(beginning: string, piece: string, end: string, readBytes = 1024): Work {
  const perRead = Math.max(1, Math.floor(readBytes / piece.length));
  const octetsOfRead = octets(piece.repeat(perRead));
  const reads = readBytes === 1 ? Array.from(octetsOfRead, (octet) => Uint8Array.of(octet)) : [octetsOfRead];
  const [first, last] = [octets(beginning), octets(end)];
  return (size) => {
    const decoder = new Decoder({ onData() {}, limits: INFINITE });
    decoder.write(first);
    for (let left = size; left > 0; left -= perRead) for (const read of reads) decoder.write(read);
    decoder.write(last);
    void decoder.rest;
    if (!decoder.done) throw decoder.error ?? new Error('not done');
  };
}

/** A chunk of all the octets: its size is written for the reads that are really made. */
const bodyOfOneChunk: Work = (size) => {
  const reads = Math.ceil(size / 1024);
  const decoder = new Decoder({ onData() {} });
  decoder.write(octets(`${(1024 * reads).toString(16)}\r\n`));
  const read = new Uint8Array(1024);
  for (let at = 0; at < reads; at++) decoder.write(read);
  decoder.write(octets('\r\n0\r\n\r\n'));
  if (!decoder.done) throw decoder.error ?? new Error('not done');
};

function head(field: (at: number) => string, readBytes: number): Work {
  return (size) => {
    let text = 'HTTP/1.1 200 OK\r\n';
    for (let at = 0; at < size; at++) text += field(at);
    const wire = Buffer.from(`${text}\r\n`, 'latin1');
    const scanner = new HeadScanner(INFINITE.maxHeadBytes, false);
    for (let at = 0; at < wire.length; at += readBytes) {
      const found = scanner.write(wire.subarray(at, at + readBytes));
      if (found !== undefined) parseResponseHead(found.head, INFINITE.maxHeadFields);
    }
  };
}

const contentLength: Work = (size) => {
  const value = `1${' '.repeat(size)}1`;
  try {
    responseFraming(
      { statusCode: 200, statusMessage: '', httpVersion: '1.1', headers: {}, rawHeaders: [['Content-Length', value]] },
      'GET',
    );
  } catch {
    return;
  }
  throw new Error('That is no length');
};

function passedOn(name: (at: number) => string): Work {
  return (size) => {
    const fields = Array.from({ length: size }, (_, at): [string, string] => [name(at), 'b']);
    if ([...valuesByName(fields)].length === 0) throw new Error('none');
  };
}

function accepting(range: string): Work {
  return (size) => acceptsInContent({ headers: { accept: `${range},`.repeat(size) } });
}

function asking(member: string): Work {
  return (size) => {
    const list = `${member},`.repeat(size);
    negotiate({ httpVersion: '1.1', headers: { te: list, connection: list, 'x-want-stream-status': list } }, 200);
  };
}

function milliseconds(work: Work, size: number): number {
  const before = process.cpuUsage();
  work(size);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

interface Fit {
  exponent: number;
  points: [size: number, milliseconds: number][];
}

/** The slope of the straight line through the logarithms: the median of the slopes between any two sizes. */
function fit(work: Work, smallest: number): Fit {
  const sizes = Array.from({ length: DOUBLINGS + 1 }, (_, at) => smallest * 2 ** at);
  milliseconds(work, sizes.at(-1)!); // warms up
  const least = new Map(sizes.map((size) => [size, Number.POSITIVE_INFINITY]));
  for (let time = 0; time < REPEATS; time++) {
    for (const size of sizes) least.set(size, Math.min(least.get(size)!, milliseconds(work, size)));
  }
  const points = [...least];
  const seconds = points.map(([size, time]) => ({ size, seconds: Math.max(time, 0.01) / 1000 }));
  return { exponent: fitExponent(seconds), points };
}

function bestFit(work: Work, smallest: number, bound: number): Fit {
  let best: Fit | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = fit(work, smallest);
    if (best === undefined || found.exponent < best.exponent) best = found;
    if (best.exponent <= bound) break;
  }
  return best!;
}

const WORKS: [what: string, work: Work, smallest: number][] = [
  ['a body of one chunk', bodyOfOneChunk, 2 ** 19],
  ['chunks of one octet', decoding('', '1\r\nx\r\n', '0\r\n\r\n'), 2 ** 12],
  ['chunks with an extension', decoding('', '1;a=b\r\nx\r\n', '0\r\n\r\n'), 2 ** 9],
  ['RFC 9112 §7.1.1: one chunk extension', decoding('1;a="', 'b', '"\r\nx\r\n0\r\n\r\n'), 2 ** 12],
  ['RFC 9112 §7.1.1: extensions of one chunk', decoding('1', ';a=b', '\r\nx\r\n0\r\n\r\n'), 2 ** 8],
  ['RFC 9112 §7.1.2: one trailer field', decoding('0\r\nA: ', 'b', '\r\n\r\n'), 2 ** 12],
  ['RFC 9112 §7.1.2: trailer fields', decoding('0\r\n', 'A: b\r\n', '\r\n'), 2 ** 9],
  ['drip: chunks of an octet, an octet a read', decoding('', '1\r\nx\r\n', '0\r\n\r\n', 1), 2 ** 10],
  ['drip: one chunk extension, an octet a read', decoding('1;a="', 'b', '"\r\nx\r\n0\r\n\r\n', 1), 2 ** 11],
  ['drip: one trailer field, an octet a read', decoding('0\r\nA: ', 'b', '\r\n\r\n', 1), 2 ** 11],
  ['octets behind the message', decoding('0\r\n\r\n', 'x', ''), 2 ** 18],
  ['a head of many fields', head((at) => `A${at}: b\r\n`, 1024), 2 ** 9],
  ['a head of one field in many lines', head(() => 'A: b\r\n', 1024), 2 ** 9],
  ['a head with a folded field', head((at) => (at === 0 ? 'A: b\r\n' : ' c\r\n'), 1024), 2 ** 9],
  ['a head of many cookies to set', head(() => 'Set-Cookie: b\r\n', 1024), 2 ** 9],
  ['drip: a head, an octet a read', head((at) => `A${at}: b\r\n`, 1), 2 ** 6],
  ['RFC 9651: a long dictionary', (size) => parseDictionary('a=1, '.repeat(size).concat('b')), 2 ** 12],
  ['RFC 9651: a long string', (size) => parseStreamStatus(`error;details="${'\\"'.repeat(size)}"`), 2 ** 13],
  ['RFC 9651: a string without end', (size) => parseStreamStatus(`error;details="${'\\"'.repeat(size)}`), 2 ** 13],
  ['RFC 9651: a byte sequence without end', (size) => parseDictionary(`a=:${'A'.repeat(size)}`), 2 ** 14],
  ['RFC 9651: spaces without end', (size) => parseDictionary(`a${' '.repeat(size)}`), 2 ** 14],
  ['RFC 9110 §8.6: spaces in a Content-Length', contentLength, 2 ** 14],
  ['RFC 9110 §5.3: fields that are passed on', passedOn((at) => `A${at}`), 2 ** 7],
  ['RFC 9110 §5.3: one field in many lines, passed on', passedOn(() => 'A'), 2 ** 10],
  ['RFC 9110 §12.5.1: a long Accept', accepting('a/b;c="\\""'), 2 ** 10],
  ['RFC 9110 §12.5.1: an Accept without end', accepting('a;"'), 2 ** 10],
  ['RFC 9110 §5.6.1: a long TE and Connection', asking('trailers;q=1 '), 2 ** 10],
];

let steep = 0;
for (const [what, work, smallest] of WORKS) {
  const { exponent, points } = bestFit(work, smallest, MAX_EXPONENT);
  const [size, time] = points.at(-1)!;
  if (exponent > MAX_EXPONENT) steep++;
  console.log(`${exponent.toFixed(2)}  ${what} (${size.toLocaleString('en-US')}: ${time.toFixed(1)} ms)`);
}
const quadratic: Work = (size) => {
  let all: number[] = [];
  for (let at = 0; at < size; at++) all = [...all, at];
};
console.log(
  `${bestFit(quadratic, 2 ** 7, MAX_EXPONENT).exponent.toFixed(2)}  for comparison: copying an array that grows`,
);
console.log(steep === 0 ? 'Time grows with size, nowhere faster.' : `${steep} grow faster than their size.`);
process.exitCode = steep === 0 ? 0 : 1;
