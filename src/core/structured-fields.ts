/**
 * The part of Structured Field Values (RFC 9651) that X-Stream-Status, Content-Digest and Want-Content-Digest need:
 * Items and Dictionaries with Parameters. Every bare item type is read, since a parameter or member that is not known
 * must be passed over without spoiling the rest; inner lists are read and their contents dropped.
 *
 * Parsing is strict and all or nothing (RFC 9651 §4.2): `undefined` means that the field is to be ignored as a whole.
 * A scanner of sticky regular expressions, one for each production.
 */
import { latin1FromOctets, octetsFromLatin1 } from './grammar.ts';

export type BareItem =
  | { type: 'integer' | 'decimal' | 'date'; value: number }
  | { type: 'string' | 'token' | 'display-string'; value: string }
  | { type: 'byte-sequence'; value: Uint8Array }
  | { type: 'boolean'; value: boolean };

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  value: BareItem;
  parameters: Parameters;
}

export interface InnerList {
  value: { type: 'inner-list' };
  parameters: Parameters;
}

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const TOKEN = /[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*/y;
const DECIMAL = /(-?\d{1,12}\.\d{1,3})(?![\d.])/y;
const INTEGER = /(-?\d{1,15})(?![\d.])/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const DISPLAY_STRING = /%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"/y;
// Surplus "=" is taken: RFC 9530's own example has it. Missing "=" is taken too (RFC 9651 §4.2.7).
const BYTE_SEQUENCE = /:([A-Za-z0-9+/]*)={0,2}:/y;
const BOOLEAN = /\?([01])/y;
const DATE = /@(-?\d{1,15})(?![\d.])/y;
const SPACES = / */y;
const OPTIONAL_WHITESPACE = /[ \t]*/y;

/** Reads a field whose value is one Item (RFC 9651 §4.2.3); `undefined` if it is not one. */
export function parseItem(text: string): Item | undefined {
  const scanner = new Scanner(text);
  scanner.take(SPACES);
  const item = scanItem(scanner);
  scanner.take(SPACES);
  return item && scanner.atEnd ? item : undefined;
}

/** Reads a field whose value is a Dictionary (RFC 9651 §4.2.2); `undefined` if it is not one. */
export function parseDictionary(text: string): Map<string, Item | InnerList> | undefined {
  const scanner = new Scanner(text);
  const members = new Map<string, Item | InnerList>();
  scanner.take(SPACES);
  while (!scanner.atEnd) {
    const key = scanner.take(KEY);
    if (key === undefined) return undefined;
    const member = scanner.takeLiteral('=') ? scanMember(scanner) : scanBareParameters(scanner);
    if (member === undefined) return undefined;
    members.set(key, member); // a repeated key takes the later value
    scanner.take(OPTIONAL_WHITESPACE);
    if (scanner.atEnd) break;
    if (!scanner.takeLiteral(',')) return undefined;
    scanner.take(OPTIONAL_WHITESPACE);
    if (scanner.atEnd) return undefined; // a trailing comma
  }
  return members;
}

/** Whether the text is the key of a parameter or member (RFC 9651 §3.1.2). */
export function isKey(text: string): boolean {
  return new Scanner(text).take(KEY) === text;
}

/** Whether the text is a Token (RFC 9651 §3.3.4), which is another thing than HTTP's own. */
export function isTokenItem(text: string): boolean {
  return new Scanner(text).take(TOKEN) === text;
}

/** `value` as a String (RFC 9651 §4.1.6). The caller has made sure that it is printable ASCII. */
export function serializeString(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** `value` as a Byte Sequence (RFC 9651 §4.1.8). */
export function serializeByteSequence(value: Uint8Array): string {
  return `:${btoa(latin1FromOctets(value))}:`;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** What the production matches here (its first group, if it has one), or undefined. */
  take(production: RegExp): string | undefined {
    production.lastIndex = this.#at;
    const match = production.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[1] ?? match[0];
  }

  takeLiteral(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }
}

function scanMember(scanner: Scanner): Item | InnerList | undefined {
  return scanner.takeLiteral('(') ? scanInnerList(scanner) : scanItem(scanner);
}

function scanItem(scanner: Scanner): Item | undefined {
  const value = scanBareItem(scanner);
  const parameters = value && scanParameters(scanner);
  return parameters && { value, parameters };
}

/** A dictionary member without "=": the Boolean true, with parameters (RFC 9651 §3.2). */
function scanBareParameters(scanner: Scanner): Item | undefined {
  const parameters = scanParameters(scanner);
  return parameters && { value: { type: 'boolean', value: true }, parameters };
}

function scanInnerList(scanner: Scanner): InnerList | undefined {
  for (;;) {
    const spaces = scanner.take(SPACES);
    if (scanner.takeLiteral(')')) break;
    if (spaces === undefined || scanItem(scanner) === undefined) return undefined;
    if (!scanner.takeLiteral(' ')) {
      if (scanner.takeLiteral(')')) break;
      return undefined;
    }
  }
  const parameters = scanParameters(scanner);
  return parameters && { value: { type: 'inner-list' }, parameters };
}

function scanParameters(scanner: Scanner): Map<string, BareItem> | undefined {
  const parameters = new Map<string, BareItem>();
  while (scanner.takeLiteral(';')) {
    scanner.take(SPACES);
    const key = scanner.take(KEY);
    if (key === undefined) return undefined;
    const value: BareItem | undefined = scanner.takeLiteral('=')
      ? scanBareItem(scanner)
      : { type: 'boolean', value: true };
    if (value === undefined) return undefined;
    parameters.set(key, value);
  }
  return parameters;
}

function scanBareItem(scanner: Scanner): BareItem | undefined {
  let text = scanner.take(TOKEN);
  if (text !== undefined) return { type: 'token', value: text };
  text = scanner.take(INTEGER);
  if (text !== undefined) return { type: 'integer', value: numberFrom(text) };
  text = scanner.take(STRING);
  if (text !== undefined) return { type: 'string', value: text.replace(/\\(.)/g, '$1') };
  text = scanner.take(BYTE_SEQUENCE);
  if (text !== undefined) return byteSequence(text);
  text = scanner.take(BOOLEAN);
  if (text !== undefined) return { type: 'boolean', value: text === '1' };
  text = scanner.take(DECIMAL);
  if (text !== undefined) return { type: 'decimal', value: numberFrom(text) };
  text = scanner.take(DATE);
  if (text !== undefined) return { type: 'date', value: numberFrom(text) };
  text = scanner.take(DISPLAY_STRING);
  if (text !== undefined) return displayString(text);
  return undefined;
}

function byteSequence(base64: string): BareItem | undefined {
  if (base64.length % 4 === 1) return undefined; // six bits are no octet
  return { type: 'byte-sequence', value: octetsFromLatin1(atob(base64)) };
}

function displayString(escaped: string): BareItem | undefined {
  try {
    return { type: 'display-string', value: decodeURIComponent(escaped) };
  } catch {
    return undefined; // not UTF-8
  }
}

/** The number; without a sign if it is 0. */
function numberFrom(text: string): number {
  return Number(text) + 0;
}
