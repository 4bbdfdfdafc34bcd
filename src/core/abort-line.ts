/**
 * The abort chunk: a chunk header that carries the reason of a failure in an extension and never gets its data
 * (RFC 9112 §7.1.1, spec-notes/x-stream-status.md). To a recipient that does not know it, the body is cut short.
 */
import { isToken, latin1FromOctets, octetsFromLatin1 } from './grammar.ts';
import { type StreamStatus, serializeStreamStatus } from './stream-status.ts';
import { serializeString } from './structured-fields.ts';

const EXTENSION_NAME = 'x-stream-status';

/** One `;name=value`, its parts in groups: the name, and the value as it stands. */
const EXTENSION = /;[ \t]*([^\s;="]+)(?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;="]+))?/gs;

/** @throws TypeError, RangeError for a status that cannot be serialized */
export function serializeAbortChunk(status: StreamStatus): Uint8Array {
  const value = serializeString(serializeStreamStatus(status));
  return octetsFromLatin1(`1;${EXTENSION_NAME}=${value}\r\n`);
}

/**
 * The X-Stream-Status value in the chunk extensions of one chunk line, unquoted. `undefined` if there is none, or more
 * than one: two reasons that may differ are no evidence.
 *
 * @param extensions octets that are known to match the `chunk-ext` grammar
 */
export function readAbortReason(extensions: Uint8Array): string | undefined {
  const values: string[] = [];
  for (const [, name, value] of latin1FromOctets(extensions).matchAll(EXTENSION)) {
    if (name?.toLowerCase() === EXTENSION_NAME) values.push(value ?? '');
  }
  const [reason] = values;
  if (reason === undefined || values.length > 1) return undefined;
  return isToken(reason) ? reason : reason.slice(1, -1).replace(/\\(.)/gs, '$1');
}
