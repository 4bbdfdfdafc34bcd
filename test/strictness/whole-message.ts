/**
 * Whole chunked bodies as trees of the grammar's pieces (RFC 9112 §7.1), with all that the grammar allows, for the mutator to
 * change. All as text, a character an octet.
 */
import type { Random } from '../support/random.ts';

export interface Chunk {
  size: string;
  extension: string;
  lineEnd: string;
  data: string;
  dataEnd: string;
}

export interface Field {
  name: string;
  colon: string;
  value: string;
  lineEnd: string;
}

export interface Message {
  chunks: Chunk[];
  zeros: string;
  extension: string;
  lineEnd: string;
  fields: Field[];
  end: string;
  /** What follows on the connection. */
  behind: string;
}

export const CRLF = '\r\n';
const TCHARS = "abcXYZ019!#$%&'*+-.^_`|~";
export const VALUES = 'ab 1\t,;="\\\x80\xff';
export const DATA = 'ab0\r\n\0\xff;:';
const SPACES = ['', '', ' ', '\t', ' \t '];
const GOOD_NAMES = ['X-Stream-Status', 'Content-Digest', 'Server-Timing', 'ETag', 'a', 'A-b_c'];
const BEHIND = ['', '', '', 'GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', '\r\n', '0\r\n\r\n', 'x'];

export function wholeMessage(random: Random): Message {
  return {
    chunks: Array.from({ length: random.below(4) }, () => wholeChunk(random)),
    zeros: '0'.repeat(random.oneIn(4) ? 1 + random.below(20) : 1),
    extension: random.oneIn(4) ? goodExtension(random) : '',
    lineEnd: CRLF,
    fields: Array.from({ length: random.oneIn(2) ? random.below(4) : 0 }, () => goodField(random)),
    end: CRLF,
    behind: random.pick(BEHIND),
  };
}

export function wholeChunk(random: Random): Chunk {
  const data = `${random.pick(['a', '\r', '\n', '0', 'x'])}${random.text(DATA, random.oneIn(8) ? 300 : 20)}`;
  const digits = data.length.toString(16);
  const size = random.oneIn(3) ? digits.toUpperCase() : digits;
  return {
    size: random.oneIn(4) ? '0'.repeat(random.below(20)) + size : size,
    extension: random.oneIn(3) ? goodExtension(random) : '',
    lineEnd: CRLF,
    data,
    dataEnd: CRLF,
  };
}

export function goodExtension(random: Random): string {
  // Whitespace apart, since Node refuses it: most of what both might take is without.
  const space = random.oneIn(3) ? () => random.pick(SPACES) : () => '';
  let extension = '';
  for (let left = 1 + random.below(2); left > 0; left--) {
    extension += `${space()};${space()}x${random.text(TCHARS, 5)}`;
    if (random.oneIn(3)) extension += `${space()}=${space()}${random.text(TCHARS, 5)}z`;
    else if (random.oneIn(2)) extension += `${space()}=${space()}"${quoted(random)}"`;
  }
  return extension;
}

function quoted(random: Random): string {
  return random.text(VALUES, 6).replace(/["\\]/g, '\\$&');
}

function goodField(random: Random): Field {
  const value = random.text(VALUES, 10);
  return {
    name: random.oneIn(3) ? `x${random.text(TCHARS, 6)}` : random.pick(GOOD_NAMES),
    colon: ':',
    value: random.pick(SPACES) + value + random.pick(SPACES),
    lineEnd: CRLF,
  };
}

export function render(message: Message): string {
  let wire = '';
  for (const { size, extension, lineEnd, data, dataEnd } of message.chunks) {
    wire += size + extension + lineEnd + data + dataEnd;
  }
  wire += message.zeros + message.extension + message.lineEnd;
  for (const { name, colon, value, lineEnd } of message.fields) wire += name + colon + value + lineEnd;
  return wire + message.end + message.behind;
}
