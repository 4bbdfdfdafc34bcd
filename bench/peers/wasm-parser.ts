/**
 * undici's parser: llhttp as WebAssembly, driven as the Parser in undici's lib/dispatcher/client-h1.js drives it, which
 * copies each read into the memory of the module and makes a Buffer over the read for every callback. Left out, in its
 * favour, are its assertions, its timers, and whatever it does with a Buffer then.
 */
import { createRequire } from 'node:module';
import type { ParserWork } from '../part.ts';
import { take, takeFields } from '../sink.ts';
import { HEAD } from './head.ts';

interface Llhttp {
  memory: { buffer: ArrayBuffer };
  malloc(size: number): number;
  free(address: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, address: number, length: number): number;
}

type OnSpan = (parser: number, address: number, length: number) => number;
type OnEvent = (parser: number) => number;

/** What of the global WebAssembly is used: Node's own types leave it to the DOM's. */
interface WebAssemblyGlobal {
  Module: new (octets: Buffer) => object;
  Instance: new (module: object, imports: { env: Record<string, OnSpan | OnEvent> }) => { exports: unknown };
}

type FastBufferClass = new (buffer: ArrayBufferLike, start: number, length: number) => Buffer;

const PAGE_BYTES = 4096;
const require = createRequire(import.meta.url);
/** How Node names the class of a Buffer that is a plain view. */
const FastBuffer = (Buffer as unknown as Record<symbol, FastBufferClass>)[Symbol.species]!;

export function wasmParserAbsence(): string | undefined {
  try {
    require.resolve('undici/lib/llhttp/llhttp_simd-wasm.js');
    return undefined;
  } catch (error) {
    return `undici's llhttp is not where undici 7 has it (${(error as Error).message.split('\n')[0]})`;
  }
}

export async function loadWasmParser(): Promise<ParserWork> {
  const { ERROR, TYPE } = require('undici/lib/llhttp/constants.js') as Record<'ERROR' | 'TYPE', Record<string, number>>;
  let read: Buffer = HEAD;
  let isComplete = false;
  let isHead = true;
  let fields: Buffer[] = [];
  let address = 0;
  let capacity = 0;

  const view = (at: number, length: number) => new FastBuffer(read.buffer, at - address + read.byteOffset, length);
  const ignore = () => 0;
  const onField = (_parser: number, at: number, length: number) => {
    if (!isHead) fields.push(view(at, length));
    return 0;
  };
  const llhttp = instantiate({
    wasm_on_url: ignore,
    wasm_on_status: ignore,
    wasm_on_message_begin: ignore,
    wasm_on_header_field: onField,
    wasm_on_header_value: onField,
    wasm_on_headers_complete: () => {
      isHead = false;
      return 0;
    },
    wasm_on_body: (_parser, at, length) => {
      take(view(at, length));
      return 0;
    },
    wasm_on_message_complete: () => {
      if (fields.length > 0) takeFields(fields);
      isComplete = true;
      return 0;
    },
  });

  const execute = (parser: number, octets: Buffer) => {
    if (octets.length > capacity) {
      if (address !== 0) llhttp.free(address);
      capacity = Math.ceil(octets.length / PAGE_BYTES) * PAGE_BYTES;
      address = llhttp.malloc(capacity);
    }
    new Uint8Array(llhttp.memory.buffer, address, capacity).set(octets);
    read = octets;
    const code = llhttp.llhttp_execute(parser, address, octets.length);
    if (code !== ERROR.OK) throw new Error(`The parser stopped within a read: ${code}`);
  };

  return (reads) => {
    isComplete = false;
    isHead = true;
    fields = [];
    const parser = llhttp.llhttp_alloc(TYPE.RESPONSE!);
    execute(parser, HEAD);
    for (const octets of reads) execute(parser, octets);
    if (!isComplete) throw new Error('The parser has not come to the end of the message');
    llhttp.llhttp_free(parser);
  };
}

function instantiate(env: Record<string, OnSpan | OnEvent>): Llhttp {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;
  const module = new Module(require('undici/lib/llhttp/llhttp_simd-wasm.js') as Buffer);
  return new Instance(module, { env }).exports as Llhttp;
}
