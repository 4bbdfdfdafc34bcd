/**
 * Receiving without a socket: the parts of which `receive` is made, in its order, fed with octets. The parts judge; what
 * stands here is only how octets get to them. A million cases take seconds.
 */

import { DIGEST_ALGORITHMS } from '../../src/core/content-digest.ts';
import { FramingError, HeadError } from '../../src/core/errors.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { type Require, Verifier } from '../../src/core/verifier.ts';
import { createHasher } from '../../src/node/hashing.ts';
import { HeadScanner } from '../../src/node/head/head-scanner.ts';
import { parseResponseHead, type ResponseHead, responseFraming } from '../../src/node/head/message-head.ts';
import { bodyReaderFor } from '../../src/node/receive/body-reader.ts';
import { type BodySink, type BodySource, ReceivedBody } from '../../src/node/receive/received-body.ts';
import { type Outcome, promiseOf } from './tally.ts';

export type End = 'FIN' | 'RST';

const NO_SOURCE: BodySource = { pause() {}, resume() {}, cancel() {} };
const NOTHING = Buffer.alloc(0);

/** @throws whatever is no HeadError */
export function receiveOctets(
  pieces: readonly Uint8Array[],
  require: Require = 'announced',
  end: End = 'FIN',
): Outcome {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // nine cases of ten end in an error: half of the time went into their stacks (measured)
  try {
    return attempt(pieces, require, end);
  } catch {
    Error.stackTraceLimit = stackTraceLimit;
    return attempt(pieces, require, end); // the same again, with a stack
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function attempt(pieces: readonly Uint8Array[], require: Require, end: End): Outcome {
  const rest = [...pieces];
  try {
    const head = finalHead(rest);
    return head === undefined ? noHead() : receiveBody(head, rest, require, end);
  } catch (error) {
    if (error instanceof HeadError) return noHead();
    throw error;
  }
}

function noHead(): Outcome {
  return { ended: false, kind: undefined, data: NOTHING, promise: { status: false, nothing: false, success: false } };
}

/** Takes the heads off the pieces, interim ones among them; undefined if they end before. */
function finalHead(pieces: Uint8Array[]): ResponseHead | undefined {
  let scanner = new HeadScanner(DEFAULT_LIMITS.maxHeadBytes, false);
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const found = scanner.write(piece);
    if (found === undefined) continue;
    pieces.unshift(found.rest);
    const head = parseResponseHead(found.head, DEFAULT_LIMITS.maxHeadFields);
    if (head.statusCode === 101) return undefined;
    if (head.statusCode >= 200) return head;
    scanner = new HeadScanner(DEFAULT_LIMITS.maxHeadBytes, false);
  }
  return undefined;
}

function receiveBody(head: ResponseHead, pieces: readonly Uint8Array[], require: Require, end: End): Outcome {
  const framing = responseFraming(head, 'GET');
  const { headers, statusCode } = head;
  const hasContent = framing.kind !== 'none' && statusCode !== 205;
  const verifier = new Verifier({ headers, statusCode, hasContent, require, digest: DIGEST_ALGORITHMS, createHasher });
  let sink!: BodySink;
  const body = new ReceivedBody(
    verifier,
    (way) => {
      sink = way;
      return NO_SOURCE;
    },
    () => ({ receiver: 'receive' }),
  );
  const reader = bodyReaderFor(framing, DEFAULT_LIMITS, (data) => sink.deliver(data));
  for (const piece of pieces) {
    if (reader.done || reader.error !== undefined) break;
    if (piece.length > 0) reader.write(piece);
  }
  let { error } = reader;
  if (!reader.done && error === undefined) {
    reader.end();
    error = reader.error;
    if (end === 'RST') error = new FramingError('ERR_FRAMING_TRUNCATED', 'The connection was lost');
  }
  const { abortReason, rawTrailers } = reader;
  const { kind } = sink.conclude({ error, abortReason, rawTrailers });
  const data: Buffer = body.read() ?? NOTHING;
  const ended = !body.destroyed;
  return { ended, kind, data, promise: promiseOf(head.statusCode, head.rawHeaders) };
}

/** Lets what the streams have put off happen; to be awaited now and then in a loop over many cases. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How many cases between two breaths. */
export const BREATH = 500;
