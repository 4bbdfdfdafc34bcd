/** Every character at every place: for each of them, whether a structured field with it is read. */
import { type BareItem, parseItem } from '../../src/core/structured-fields.ts';
import { octets } from '../support/octets.ts';

export const LOWER = 'abcdefghijklmnopqrstuvwxyz';
export const UPPER = LOWER.toUpperCase();
export const DIGITS = '0123456789';
export const TCHAR_SYMBOLS = "!#$%&'*+-.^_`|~";
export const CHARACTERS = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));

/** The characters for which the text that has them is read. */
export const read = (textWith: (character: string) => string, parse: (text: string) => unknown = parseItem) =>
  CHARACTERS.filter((character) => parse(textWith(character)) !== undefined).join('');

export const sorted = (characters: string) => [...characters].sort().join('');
export const PRINTABLE = CHARACTERS.slice(0x20, 0x7f).join('');
export const without = (characters: string, those: string) =>
  [...characters].filter((one) => !those.includes(one)).join('');

export const value = (text: string) => parseItem(text)?.value;
export const integer = (number: number): BareItem => ({ type: 'integer', value: number });
export const bytes = (text: string): BareItem => ({ type: 'byte-sequence', value: octets(text) });
