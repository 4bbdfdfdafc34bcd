/**
 * Decoding in place, as `receive` does, beside llhttp in undici's WebAssembly and in Node. Reads of 64 KiB.
 *
 * A decoder that works in place changes its input, so each read is put into the same memory anew, where a socket's lie too:
 * in warm memory. All sides read from there, and the time of putting it there is taken off each of them.
 */
import { toChunked } from '../chunked.ts';
import { cut, makeBody } from '../fixtures.ts';
import { core } from '../library.ts';
import { type ParserWork, Part } from '../part.ts';
import { loadNodeParser, nodeParserAbsence } from '../peers/node-parser.ts';
import { loadWasmParser, wasmParserAbsence } from '../peers/wasm-parser.ts';
import { take } from '../sink.ts';

const READ_BYTES = 64 * 1024;
const content = makeBody(1024 * 1024);
const memory = Buffer.alloc(READ_BYTES);

function* inMemory(reads: Buffer[]): Iterable<Buffer> {
  for (const read of reads) {
    memory.set(read);
    yield memory.subarray(0, read.length);
  }
}

const readOnly: ParserWork = (reads) => {
  for (const read of reads) take(read);
};

const decodeInPlace: ParserWork = (reads) => {
  const decoder = new core.Decoder({ onData: take });
  for (const read of reads) decoder.write(read, true);
  if (!decoder.done) throw new Error('The decoder is not done', { cause: decoder.error });
};

export const part = new Part('decode');
const wasm = wasmParserAbsence() === undefined ? await loadWasmParser() : undefined;
const nodeParser = nodeParserAbsence() === undefined ? await loadNodeParser() : undefined;

for (const size of [64, 256, 1024, 4096]) {
  const chunked = toChunked(cut(content, size));
  const reads = cut(chunked, READ_BYTES);
  const titleOf = (name: string) => `${name}, chunks of ${size} bytes`;
  const add = (name: string, work: ParserWork, expected: Buffer) =>
    part.add(titleOf(name), () => work(inMemory(reads)), expected);
  const row = { ours: titleOf('Decoder'), less: titleOf('the reads alone'), by: 'speed' } as const;
  add('the reads alone', readOnly, chunked);
  add('Decoder', decodeInPlace, content);
  if (wasm !== undefined) {
    add('WebAssembly llhttp', wasm, content);
    part.rows.push({
      ...row,
      title: `decode chunks of ${size} bytes in place, beside undici's WebAssembly llhttp`,
      theirs: titleOf('WebAssembly llhttp'),
      target: 2,
      why: 'Neighbouring pieces up to 2 KiB are moved together, which their taker gains; llhttp leaves them, see [the notes](notes/decode.txt).',
    });
  }
  if (nodeParser !== undefined) {
    add("Node's HTTPParser", nodeParser, content);
    part.rows.push({
      ...row,
      title: `the same with ${size} bytes, beside Node's own parser`,
      theirs: titleOf("Node's HTTPParser"),
    });
  }
}
