/**
 * Node's own HTTP parser, strict as Node uses it, for what it makes of a chunked body: by the binding behind `node:http`
 * where that can be had (Node 20 and 22), otherwise by the build of the same parser, llhttp, that undici carries as
 * WebAssembly. Both get a head in front of the body, which says `Transfer-Encoding: chunked`.
 */
import { createRequire } from 'node:module';
import type { FieldPairs } from '../../src/core/fields.ts';
import { octets } from '../support/octets.ts';

export type Side = 'request' | 'response';

export interface NodeReading {
  /** `complete`: the message has ended with the last octet that was given. `early`: it ended before that. */
  outcome: 'complete' | 'early' | 'incomplete' | 'refused';
  /** The parser's code and reason, where it refused. */
  reason: string;
  /** A character an octet. */
  body: string;
  trailers: FieldPairs;
}

/** What a parser calls while it is given octets. */
interface Events {
  body(data: Uint8Array): void;
  trailers(flat: readonly string[]): void;
  complete(): void;
}

interface Parser {
  start(side: Side, events: Events): void;
  /** Returns the code and reason of an error. */
  give(data: Uint8Array): string | undefined;
}

export const HEADS: Record<Side, Uint8Array> = {
  request: octets('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'),
  response: octets('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
};

const { parser, name } = await openParser();

/** Which parser it is, for messages. */
export const NODE_PARSER = name;

/**
 * Reads the octets as the body of a message. The last octet is given on its own, so that the end of the message is known
 * to the octet: before it, with it, or not yet.
 */
export function readAsNode(wire: Uint8Array, side: Side): NodeReading {
  const pieces: string[] = [];
  const trailers: FieldPairs = [];
  let isComplete = false;
  parser.start(side, {
    body: (data) => pieces.push(Buffer.from(data).toString('latin1')),
    trailers(flat) {
      for (let i = 0; i + 1 < flat.length; i += 2) trailers.push([flat[i]!, flat[i + 1]!]);
    },
    complete() {
      isComplete = true;
    },
  });
  const reading = (outcome: NodeReading['outcome'], reason = '') => ({
    outcome,
    reason,
    body: pieces.join(''),
    trailers,
  });
  let error = parser.give(HEADS[side]);
  if (error !== undefined) throw new Error(`Node's parser refused the head: ${error}`);
  if (wire.length > 1) error = parser.give(wire.subarray(0, -1));
  if (isComplete) return reading('early');
  if (error === undefined && wire.length > 0) error = parser.give(wire.subarray(-1));
  if (isComplete) return reading('complete');
  return error === undefined ? reading('incomplete') : reading('refused', error);
}

async function openParser(): Promise<{ parser: Parser; name: string }> {
  const { node, llhttp } = process.versions;
  const binding = bindingParser();
  if (binding !== undefined) return { parser: binding, name: `Node ${node}'s parser (llhttp ${llhttp})` };
  const require = createRequire(import.meta.url);
  const { version } = require('undici/package.json') as { version: string };
  return { parser: await wasmParser(require), name: `undici ${version}'s llhttp` };
}

/** What `process.binding` gives, as far as it is used here. */
interface BindingParser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void;
  execute(data: Uint8Array): number | (Error & { code: string; reason: string });
  [callback: number]: (...args: never[]) => unknown;
}

function bindingParser(): Parser | undefined {
  type Constructor = (new () => BindingParser) & Record<string, number>;
  let HTTPParser: Constructor;
  try {
    const { binding } = process as unknown as { binding(name: string): { HTTPParser: Constructor } };
    HTTPParser = binding('http_parser').HTTPParser;
    if (typeof HTTPParser !== 'function') return undefined;
  } catch {
    return undefined;
  }
  const native = new HTTPParser();
  let events: Events;
  native[HTTPParser.kOnHeaders! | 0] = (flat: string[]) => events.trailers(flat);
  native[HTTPParser.kOnHeadersComplete! | 0] = () => 0;
  native[HTTPParser.kOnBody! | 0] = (data: Buffer) => events.body(data);
  native[HTTPParser.kOnMessageComplete! | 0] = () => events.complete();
  return {
    start(side, to) {
      events = to;
      native.initialize(side === 'request' ? HTTPParser.REQUEST! : HTTPParser.RESPONSE!, {}, 0, 0);
    },
    give(data) {
      const result = native.execute(data);
      return typeof result === 'number' ? undefined : `${result.code}: ${result.reason}`;
    },
  };
}

/** The exports of llhttp's WebAssembly build that are used here. */
interface Llhttp {
  memory: { buffer: ArrayBuffer };
  llhttp_alloc(type: number): number;
  llhttp_reset(parser: number): void;
  malloc(length: number): number;
  free(at: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_errno_name(code: number): number;
}

/** As far as it is used here: Node's types have none of it, and those of browsers are not loaded. */
interface WebAssemblyNamespace {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: unknown } }>;
}

async function wasmParser(require: NodeJS.Require): Promise<Parser> {
  let events: Events;
  let trailers: string[] = [];
  let isInBody = false;
  const octetsAt = (at: number, length: number) => new Uint8Array(exports.memory.buffer, at, length);
  const latin1At = (at: number, length: number) => Buffer.from(octetsAt(at, length)).toString('latin1');
  const textAt = (at: number) => latin1At(at, octetsAt(at, 256).indexOf(0));
  // A field that comes in two pieces of input is called in two pieces: which of name and value is last tells.
  let isValue = true;
  const addTo = (value: boolean) => (_: number, at: number, length: number) => {
    if (!isInBody) return 0;
    if (value === isValue) trailers.push(`${trailers.pop() ?? ''}${latin1At(at, length)}`);
    else trailers.push(latin1At(at, length));
    isValue = value;
    return 0;
  };
  const env = {
    wasm_on_message_begin: () => 0,
    wasm_on_url: () => 0,
    wasm_on_status: () => 0,
    wasm_on_header_field: addTo(false),
    wasm_on_header_value: addTo(true),
    wasm_on_headers_complete() {
      isInBody = true;
      return 0;
    },
    wasm_on_body(_: number, at: number, length: number) {
      events.body(octetsAt(at, length));
      return 0;
    },
    wasm_on_message_complete() {
      // As Node does before it hands them on.
      events.trailers(trailers.map((text) => text.replace(/[ \t]+$/, '')));
      events.complete();
      isInBody = false;
      return 0;
    },
  };
  const code = require('undici/lib/llhttp/llhttp-wasm.js') as Uint8Array;
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyNamespace };
  const { instance } = await WebAssembly.instantiate(code, { env });
  const exports = instance.exports as Llhttp;
  const parsers: Record<Side, number> = { request: exports.llhttp_alloc(1), response: exports.llhttp_alloc(2) };
  let current = parsers.request;
  return {
    start(side, to) {
      events = to;
      trailers = [];
      isValue = true;
      isInBody = false;
      current = parsers[side];
      exports.llhttp_reset(current);
    },
    give(data) {
      const at = exports.malloc(data.length);
      octetsAt(at, data.length).set(data);
      const result = exports.llhttp_execute(current, at, data.length);
      exports.free(at);
      if (result === 0) return undefined;
      return `${textAt(exports.llhttp_errno_name(result))}: ${textAt(exports.llhttp_get_error_reason(current))}`;
    },
  };
}
