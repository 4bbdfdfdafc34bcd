/** The states of the decoder, each named for what comes next, and what was expected in each for the message of an error. */

export const SIZE = 0;
export const SIZE_MORE = 1;
export const SIZE_WHITESPACE = 2;
// From here to LINE_LF, the chunk line has an extension and its octets are kept.
export const EXTENSION_START = 3;
export const EXTENSION_NAME = 4;
export const EXTENSION_NAME_WHITESPACE = 5;
export const EXTENSION_VALUE_START = 6;
export const EXTENSION_TOKEN = 7;
export const EXTENSION_QUOTED = 8;
export const EXTENSION_QUOTED_PAIR = 9;
export const EXTENSION_END = 10;
export const EXTENSION_WHITESPACE = 11;
export const LINE_LF = 12;
export const DATA = 13;
export const DATA_CR = 14;
export const DATA_LF = 15;
export const TRAILER_START = 16;
// From here to TRAILER_LF, the octets of a field line are kept.
export const TRAILER_NAME = 17;
export const TRAILER_VALUE = 18;
export const TRAILER_LF = 19;
export const END_LF = 20;
export const DONE = 21;
export const FAILED = 22;

/** What was expected in each state, for the message of an error. */
export const EXPECTED: Readonly<Record<number, string>> = {
  [SIZE]: 'a chunk-size',
  [SIZE_MORE]: 'a HEXDIG, ";" or CRLF in the chunk-size line',
  [SIZE_WHITESPACE]: '";" after whitespace in the chunk-size line',
  [EXTENSION_START]: 'the name of a chunk extension',
  [EXTENSION_NAME]: '"=", ";" or CRLF after the name of a chunk extension',
  [EXTENSION_NAME_WHITESPACE]: '"=" or ";" after whitespace in a chunk extension',
  [EXTENSION_VALUE_START]: 'the value of a chunk extension',
  [EXTENSION_TOKEN]: '";" or CRLF after the value of a chunk extension',
  [EXTENSION_QUOTED]: 'the end of a quoted-string in a chunk extension',
  [EXTENSION_QUOTED_PAIR]: 'a character after "\\" in a chunk extension',
  [EXTENSION_END]: '";" or CRLF after the value of a chunk extension',
  [EXTENSION_WHITESPACE]: '";" after whitespace in a chunk extension',
  [LINE_LF]: 'LF after CR in the chunk-size line',
  [DATA_CR]: 'CRLF after the chunk-data',
  [DATA_LF]: 'LF after CR behind the chunk-data',
  [TRAILER_START]: 'a trailer field line or the CRLF that ends the body',
  [TRAILER_NAME]: '":" after the name of a trailer field',
  [TRAILER_VALUE]: 'CRLF after the value of a trailer field',
  [TRAILER_LF]: 'LF after CR in a trailer field line',
  [END_LF]: 'LF after CR at the end of the body',
};
