/** How Node is going to frame a message: asked of what it keeps of it, in one place, since nothing public tells. */
import { type OutgoingMessage, ServerResponse } from 'node:http';

/** The same on Node 20 to 26. */
interface Insides {
  _hasBody?: boolean;
  /** What `end` was given, if that came first: Node says it unless there is a Trailer, even if `end` threw afterwards. */
  _contentLength?: number | null;
  _removedContLen?: boolean;
  _removedTE?: boolean;
}

/** Whether Node will say by itself that it sends chunks. To say so in a field costs as much as the rest of the head (measured). */
export function saysChunked(response: ServerResponse): boolean {
  const { _hasBody, _removedTE, _contentLength } = response as ServerResponse & Insides;
  const isHooked = response.writeHead !== ServerResponse.prototype.writeHead;
  const isLengthDue = typeof _contentLength === 'number';
  return response.useChunkedEncodingByDefault && _hasBody === true && _removedTE === false && !isLengthDue && !isHooked;
}

/** Whether Node will send chunks, if a Trailer field is added to this head. */
export function willBeChunked(
  message: OutgoingMessage,
  head: { get(name: string): string | readonly string[] | undefined },
): boolean {
  const { _contentLength, _removedContLen, _removedTE } = message as OutgoingMessage & Insides;
  if (head.get('content-length') !== undefined) return false;
  const codings = head.get('transfer-encoding');
  if (codings !== undefined) return String(codings).toLowerCase() === 'chunked';
  // Due, though not set: Node would leave it out because of our Trailer.
  const isLengthDue =
    typeof _contentLength === 'number' && _removedContLen !== true && head.get('trailer') === undefined;
  return message.useChunkedEncodingByDefault && _removedTE !== true && !isLengthDue;
}
