/**
 * Node's own HTTP parser (llhttp and its binding), without the streams around it. `process.binding` is deprecated, but
 * it is the only way to the parser alone; Node 20 and 22 have it, Node 24 does not.
 */

import type { ParserWork } from '../part.ts';
import { take, takeFields } from '../sink.ts';
import { HEAD } from './head.ts';

interface Parser {
  [callback: number]: (...args: never[]) => unknown;
  initialize(type: number, resource: object): void;
  /** Returns the octets taken, or an Error. */
  execute(octets: Buffer): number | Error;
  close(): void;
}

interface ParserClass {
  new (): Parser;
  RESPONSE: number;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
}

function findParser(): ParserClass {
  const { binding } = process as unknown as { binding(name: string): { HTTPParser: ParserClass } };
  return binding.call(process, 'http_parser').HTTPParser;
}

export function nodeParserAbsence(): string | undefined {
  try {
    findParser();
    return undefined;
  } catch (error) {
    return `process.binding('http_parser') is not to be had from Node ${process.version} (${(error as Error).message})`;
  }
}

export async function loadNodeParser(): Promise<ParserWork> {
  const HTTPParser = findParser();
  const { RESPONSE, kOnBody, kOnHeaders, kOnHeadersComplete, kOnMessageComplete } = HTTPParser;
  let isComplete = false;
  const onHeadersComplete = () => 0;
  const onMessageComplete = () => {
    isComplete = true;
  };
  return (reads) => {
    isComplete = false;
    const parser = new HTTPParser();
    parser.initialize(RESPONSE, {});
    parser[kOnBody] = take;
    parser[kOnHeaders] = takeFields;
    parser[kOnHeadersComplete] = onHeadersComplete;
    parser[kOnMessageComplete] = onMessageComplete;
    parser.execute(HEAD);
    for (const read of reads) {
      if (parser.execute(read) !== read.length) throw new Error('The parser stopped within a read');
    }
    if (!isComplete) throw new Error('The parser has not come to the end of the message');
    // Nobody else frees it: without this, every iteration would leave one behind.
    parser.close();
  };
}
