/**
 * The octet classes of RFC 9110 §5.5–5.6 and RFC 9112 §7.1 as lookup tables, and the way between octets and strings.
 *
 * HTTP is parsed as octets (RFC 9112 §2.2). Where a string is wanted, one octet is one UTF-16 code unit (latin1), so
 * that obs-text survives a round trip.
 */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;

/** `tchar` (RFC 9110 §5.6.2). */
export const TCHAR = 1;
/** What may stand in a field value: field-vchar, SP and HTAB (RFC 9110 §5.5). */
export const FIELD_VALUE = 2;
/** `qdtext` (RFC 9110 §5.6.4): like FIELD_VALUE, without `"` and `\`. */
export const QDTEXT = 4;

/** The value of a HEXDIG of either case (RFC 9112 §1.2); 255 for every other octet. */
export const HEX_VALUE = hexValues();

/** The classes of each octet, as a set of the bits above. */
export const OCTET_CLASS = octetClasses();

function hexValues(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 10; digit++) values[0x30 + digit] = digit;
  for (let digit = 10; digit < 16; digit++) {
    values[0x41 + digit - 10] = digit;
    values[0x61 + digit - 10] = digit;
  }
  return values;
}

function octetClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  const add = (octetClass: number, from: number, to = from) => {
    for (let octet = from; octet <= to; octet++) classes[octet]! |= octetClass;
  };
  for (const symbol of "!#$%&'*+-.^_`|~") add(TCHAR, symbol.charCodeAt(0));
  add(TCHAR, 0x30, 0x39); // DIGIT
  add(TCHAR, 0x41, 0x5a); // A-Z
  add(TCHAR, 0x61, 0x7a); // a-z
  add(FIELD_VALUE | QDTEXT, HTAB);
  add(FIELD_VALUE | QDTEXT, SP, 0x7e);
  add(FIELD_VALUE | QDTEXT, 0x80, 0xff); // obs-text
  classes[DQUOTE]! &= ~QDTEXT;
  classes[BACKSLASH]! &= ~QDTEXT;
  return classes;
}

/** Whether the text is a `token` (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return text !== '' && isMadeOf(text, TCHAR);
}

/** Whether the text may stand in a field line as its value: no CR, LF, NUL or other control (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return isMadeOf(text, FIELD_VALUE);
}

function isMadeOf(text: string, octetClass: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (OCTET_CLASS[code]! & octetClass) === 0) return false;
  }
  return true;
}

/** The octets from `start` to `end` as a string, an octet a code unit. */
export function latin1FromOctets(octets: Uint8Array, start = 0, end = octets.length): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(octets[at]!);
  return text;
}

/** The string as octets. The caller has made sure that no code unit is above 0xFF. */
export function octetsFromLatin1(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}

/** A copy of its own. (`slice` will not do: a Buffer's gives a view.) */
export function copyOctets(octets: Uint8Array, start = 0, end = octets.length): Uint8Array {
  return new Uint8Array(octets.subarray(start, end));
}

/** The pieces one after the other in one array; a single piece is handed back as it is. */
export function joinOctets(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** How an octet is named in an error message. */
export function describeOctet(octet: number): string {
  if (octet === CR) return 'CR';
  if (octet === LF) return 'LF';
  if (octet > SP && octet < 0x7f) return `"${String.fromCharCode(octet)}"`;
  return `0x${octet.toString(16).padStart(2, '0')}`;
}
