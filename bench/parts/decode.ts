/** Decoding in place, as `receive` does, beside llhttp in undici's WebAssembly and in Node. Reads of 64 KiB. */
import { toChunked } from '../chunked.ts';
import { cut, makeBody } from '../fixtures.ts';
import { core } from '../library.ts';
import { Part } from '../part.ts';
import { loadNodeParser, nodeParserAbsence } from '../peers/node-parser.ts';
import { loadWasmParser, wasmParserAbsence } from '../peers/wasm-parser.ts';
import { take } from '../sink.ts';

const READ_BYTES = 64 * 1024;
const content = makeBody(1024 * 1024);
/** A read of a socket lies in memory that is warm. */
const memory = Buffer.alloc(READ_BYTES);

function decodeInPlace(reads: Buffer[]): void {
  const decoder = new core.Decoder({ onData: take });
  for (const read of reads) {
    memory.set(read);
    decoder.write(memory.subarray(0, read.length), true);
  }
  if (!decoder.done) throw new Error('The decoder is not done', { cause: decoder.error });
}

export const part = new Part('decode');
const wasm = wasmParserAbsence() === undefined ? await loadWasmParser() : undefined;
const nodeParser = nodeParserAbsence() === undefined ? await loadNodeParser() : undefined;

for (const size of [64, 256, 1024, 4096]) {
  const reads = cut(toChunked(cut(content, size)), READ_BYTES);
  const title = (name: string) => `${name}, chunks of ${size} bytes`;
  part.add(title('Decoder'), () => decodeInPlace(reads), content);
  if (wasm !== undefined) {
    part.add(title('WebAssembly llhttp'), () => wasm([reads]), content);
    part.rows.push({
      title: `decode chunks of ${size} bytes in place, beside undici's WebAssembly llhttp`,
      ours: title('Decoder'),
      theirs: title('WebAssembly llhttp'),
      by: 'speed',
      target: 2,
      why: "Neighbouring pieces are moved together, which their taker gains; llhttp leaves them. The benchmark's own copy counts as ours, see [the notes](notes/decode.txt).",
    });
  }
  if (nodeParser !== undefined) {
    part.add(title("Node's HTTPParser"), () => nodeParser([reads]), content);
    const row = { ours: title('Decoder'), theirs: title("Node's HTTPParser"), by: 'speed' } as const;
    part.rows.push({ title: `the same with ${size} bytes, beside Node's own parser`, ...row });
  }
}
