/**
 * The grammar of RFC 9112 §7.1 as regular expressions, written from the RFC and apart from the library: slow, whole
 * messages only, no limits. What it takes, and what comes out, is what the Decoder is compared with.
 */
import type { FieldPairs } from '../../src/core/fields.ts';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"; // RFC 9110 §5.6.2
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"'; // RFC 9110 §5.6.4
const BWS = '[ \\t]*'; // RFC 9110 §5.6.3
const EXTENSIONS = `(?:${BWS};${BWS}${TOKEN}(?:${BWS}=${BWS}(?:${TOKEN}|${QUOTED}))?)*`;
const CHUNK_LINE = new RegExp(`([0-9A-Fa-f]+)${EXTENSIONS}\\r\\n`, 'y');
const FIELD_LINE = new RegExp(`(${TOKEN}):([\\t \\x21-\\x7e\\x80-\\xff]*)\\r\\n`, 'y'); // RFC 9112 §5

export interface Reading {
  data: string;
  trailers: FieldPairs;
  consumed: number;
}

/** What the text, a character an octet, is as a chunked body; undefined if it does not start with a whole one. */
export function readChunked(text: string): Reading | undefined {
  let at = 0;
  const take = (production: RegExp) => {
    production.lastIndex = at;
    const match = production.exec(text);
    if (match !== null) at = production.lastIndex;
    return match;
  };
  const takeCrlf = () => {
    const isThere = text.startsWith('\r\n', at);
    if (isThere) at += 2;
    return isThere;
  };

  let data = '';
  for (;;) {
    const line = take(CHUNK_LINE);
    if (line === null) return undefined;
    const size = Number.parseInt(line[1]!, 16);
    if (size === 0) break;
    if (at + size > text.length) return undefined;
    data += text.slice(at, at + size);
    at += size;
    if (!takeCrlf()) return undefined;
  }
  const trailers: FieldPairs = [];
  while (!takeCrlf()) {
    const line = take(FIELD_LINE);
    if (line === null) return undefined;
    trailers.push([line[1]!, line[2]!.replace(/^[ \t]+|[ \t]+$/g, '')]);
  }
  return { data, trailers, consumed: at };
}
