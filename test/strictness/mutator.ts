/**
 * Chunked bodies that are almost right: of a whole one, a few pieces are exchanged for others that mean something to some
 * parser, then a few octets. All as text, a character an octet.
 */
import type { Random } from '../support/random.ts';
import {
  type Chunk,
  CRLF,
  DATA,
  goodExtension,
  type Message,
  render,
  VALUES,
  wholeChunk,
  wholeMessage,
} from './whole-message.ts';

const SIGNS = '\r\n\t ;=":,\\0159afAFgx\0\x7f\x80\xff-+_';
/** Such as a parser may act on, though they come too late. */
const FRAMING_NAMES = ['Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Trailer', 'Host', 'Keep-Alive'];
const FRAMING_VALUES = ['0', '5', 'chunked', 'gzip, chunked', 'close', 'keep-alive', 'upgrade', 'h2c', 'x'];
const BAD_NAMES = ['', ' a', 'a ', 'a\t', 'a b', 'a\0', '\xe9', 'a"', '(a)', 'a\r', '\na'];
const BAD_VALUES = ['a\0b', 'a\rb', 'a\nb', 'a\r\n b', 'a\r\n\tb', 'a\x7fb', 'a\x01', '\r', 'a\r\n', '\r\n '];
const LINE_ENDS = [
  ...['\n', '\r', '\r\r\n', '\n\r', '', ' \r\n', '\t\r\n', '\r\n\r\n', '\r\n\n', '\0\r\n', '\r \n', '\r\n '],
];
const BAD_SIZES = ['', ' ', '0x', 'x', 'g', '-', '+', '_', '.', '\0', '\xff', ';'];
const HUGE_SIZES = [
  'ffffffff',
  '100000000',
  '1fffffffffffff',
  '20000000000000',
  'ffffffffffffffff',
  'fffffffffffffffff',
];
const BAD_EXTENSIONS = [
  ...[
    ';',
    ';;',
    '; ',
    ';=',
    ';=a',
    ';a=',
    ';a= ',
    ';a b',
    ';a=b c',
    ';a=b ',
    ';a ',
    ' ',
    '\t',
    ';a,b',
    ';a:b',
    ';a=b=c',
  ],
  ...[';a="', ';a="b', ';a="b"c', ';a="\r\n"', ';a="\n"', ';a="\\"', ';a="\\\r\n"', ';a="\0"', ';a="\x7f"', ";a='b c'"],
  ...[';a\0', ';\x80', ';a=\x80', ';a\r', ';a\n', ';a=b\rc', ';a=b\nc', ';\r\n', ';a="b\r\n0\r\n\r\n"'],
];

/** The next body, mostly with something wrong. */
export function nextWire(random: Random): string {
  const message = wholeMessage(random);
  const changes = random.pick([0, 0, 1, 1, 1, 2]);
  for (let left = changes; left > 0; left--) changePiece(message, random);
  let wire = render(message);
  const octets = random.pick([0, 0, 0, 0, 0, 0, 1, 1, 2]);
  for (let left = octets; left > 0; left--) wire = changeOctets(wire, random);
  return wire;
}

function changePiece(message: Message, random: Random): void {
  const { chunks, fields } = message;
  const chunk = chunks[random.below(Math.max(1, chunks.length))];
  const field = fields[random.below(Math.max(1, fields.length))];
  switch (random.below(14)) {
    case 0:
      if (chunk !== undefined) chunk.size = changedSize(chunk, random);
      break;
    case 1:
      if (chunk !== undefined) chunk.extension += random.oneIn(2) ? random.pick(BAD_EXTENSIONS) : goodExtension(random);
      break;
    case 2:
      if (chunk !== undefined) chunk.lineEnd = random.pick(LINE_ENDS);
      break;
    case 3:
      if (chunk !== undefined) chunk.dataEnd = random.pick(LINE_ENDS);
      break;
    case 4:
      if (chunk !== undefined)
        chunk.data = random.oneIn(2) ? chunk.data.slice(1) : `${chunk.data}${random.pick([...DATA])}`;
      break;
    case 5: // a chunk more, twice, or less
      if (random.oneIn(3)) chunks.splice(random.below(chunks.length + 1), 0, wholeChunk(random));
      else if (chunk !== undefined) chunks.splice(random.below(chunks.length), random.below(2), { ...chunk });
      else message.zeros = '';
      break;
    case 6:
      message.zeros = random.pick(['', '00', '0x0', '-0', '+0', ' 0', '0 ', '1', '0'.repeat(300), '0.0', '0_0']);
      break;
    case 7:
      message.extension += random.pick(BAD_EXTENSIONS);
      break;
    case 8:
      message.lineEnd = random.pick(LINE_ENDS);
      break;
    case 9:
      message.end = random.pick(LINE_ENDS);
      break;
    case 10: // one that frames
      fields.splice(random.below(fields.length + 1), 0, {
        name: random.pick(FRAMING_NAMES),
        colon: random.pick([':', ': ']),
        value: random.pick(FRAMING_VALUES),
        lineEnd: CRLF,
      });
      break;
    case 11:
      if (field !== undefined) field.name = random.oneIn(2) ? random.pick(BAD_NAMES) : field.name.toUpperCase();
      break;
    case 12:
      if (field !== undefined) field.value = random.oneIn(2) ? random.pick(BAD_VALUES) : random.text(VALUES, 40);
      break;
    case 13:
      if (field === undefined) break;
      if (random.oneIn(3)) field.colon = random.pick(['', ' :', '\t:', '::', ';', '=', ':\r\n ']);
      else if (random.oneIn(2)) field.lineEnd = random.pick(LINE_ENDS);
      else fields.push({ ...field });
      break;
  }
}

function changedSize({ size, data }: Chunk, random: Random): string {
  switch (random.below(7)) {
    case 0:
      return (data.length + random.pick([-1, 1, 2, 16])).toString(16);
    case 1:
      return random.pick(BAD_SIZES) + size;
    case 2:
      return size + random.pick(BAD_SIZES);
    case 3:
      return random.pick(HUGE_SIZES);
    case 4:
      return data.length.toString(10);
    case 5:
      return '0'.repeat(random.pick([1, 15, 16, 17, 300])) + size;
    default:
      return '';
  }
}

function changeOctets(wire: string, random: Random): string {
  const at = random.below(wire.length + 1);
  const octet = random.oneIn(8) ? String.fromCharCode(random.below(256)) : random.pick([...SIGNS]);
  switch (random.below(6)) {
    case 0: // exchange
      return wire.slice(0, at) + octet + wire.slice(at + 1);
    case 1: // insert
      return wire.slice(0, at) + octet + wire.slice(at);
    case 2: // lose
      return wire.slice(0, at) + wire.slice(at + 1 + random.below(3));
    case 3: // repeat
      return wire.slice(0, at) + wire.slice(at, at + 1 + random.below(6)) + wire.slice(at);
    case 4: // swap neighbours
      return wire.slice(0, at) + (wire[at + 1] ?? '') + (wire[at] ?? '') + wire.slice(at + 2);
    default: // cut
      return wire.slice(0, at);
  }
}
