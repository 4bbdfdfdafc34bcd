/**
 * http-parser-js: Node's parser of before llhttp, in JavaScript, with the same interface. It is lenient where llhttp and
 * the library are strict (a chunk-size is whatever `parseInt` makes of the line).
 */
import { createRequire } from 'node:module';
import { take, takeFields } from '../sink.ts';
import type { Work } from '../suite.ts';
import { HEAD } from './head.ts';

interface Parser {
  [callback: number]: (...args: never[]) => unknown;
  /** Returns the octets taken, or an Error. */
  execute(octets: Buffer): number | Error;
}

interface ParserClass {
  new (type: string): Parser;
  RESPONSE: string;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
}

const require = createRequire(import.meta.url);

export function httpParserJsAbsence(): string | undefined {
  try {
    require.resolve('http-parser-js');
    return undefined;
  } catch {
    return 'The package http-parser-js is not installed';
  }
}

export async function loadHttpParserJs(): Promise<Work> {
  const { HTTPParser } = require('http-parser-js') as { HTTPParser: ParserClass };
  const { RESPONSE, kOnBody, kOnHeaders, kOnHeadersComplete, kOnMessageComplete } = HTTPParser;
  let isComplete = false;
  const onHeadersComplete = () => 0;
  const onMessageComplete = () => {
    isComplete = true;
  };
  return (messages) => {
    for (const reads of messages) {
      isComplete = false;
      const parser = new HTTPParser(RESPONSE);
      parser[kOnBody] = take;
      parser[kOnHeaders] = takeFields;
      parser[kOnHeadersComplete] = onHeadersComplete;
      parser[kOnMessageComplete] = onMessageComplete;
      parser.execute(HEAD);
      for (const read of reads) {
        if (parser.execute(read) !== read.length) throw new Error('The parser stopped within a read');
      }
      if (!isComplete) throw new Error('The parser has not come to the end of the message');
    }
  };
}
