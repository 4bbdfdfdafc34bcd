/** The Decoder and its peers, each of which hands its content on as views or copies and is told nothing in between. */
import { loadCore } from './library.ts';
import { httpParserJsAbsence, loadHttpParserJs } from './peers/http-parser-js.ts';
import { loadNodeParser, nodeParserAbsence } from './peers/node-parser.ts';
import { loadWasmParser, wasmParserAbsence } from './peers/wasm-parser.ts';
import { take, takePairs } from './sink.ts';
import type { Comparison, Implementation, Work } from './suite.ts';

export const decoders: readonly Implementation[] = [
  { name: 'decoder', label: 'Decoder', load: loadDecoder },
  { name: 'node-parser', label: "Node's HTTPParser", load: loadNodeParser, absence: nodeParserAbsence },
  { name: 'wasm', label: "undici's llhttp", load: loadWasmParser, absence: wasmParserAbsence },
  { name: 'http-parser-js', label: 'http-parser-js', load: loadHttpParserJs, absence: httpParserJsAbsence },
];

export const decoderComparisons: readonly Comparison[] = ['node-parser', 'wasm', 'http-parser-js'].map((over) => ({
  name: over,
  of: 'decoder',
  over,
}));

async function loadDecoder(): Promise<Work> {
  const { Decoder } = await loadCore();
  const options = { onData: take };
  return (messages) => {
    for (const reads of messages) {
      const decoder = new Decoder(options);
      for (const read of reads) decoder.write(read);
      if (!decoder.done) throw new Error('The decoder is not done', { cause: decoder.error });
      if (decoder.rawTrailers.length > 0) takePairs(decoder.rawTrailers);
    }
  };
}
