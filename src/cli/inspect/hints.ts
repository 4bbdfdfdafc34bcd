/** What is probably the matter where a capture, rather than the message, is at fault. */
import { LF, latin1FromOctets } from '../../core/grammar.ts';
import type { ErrorEvent } from './event.ts';

export interface Place {
  form: 'response' | 'chunked-body';
  /** Whether it broke in the head. */
  isHead: boolean;
  /** Octets of the body before the error. */
  bodyOctets: number;
}

export function hintFor({ code, octets, offset }: ErrorEvent, place: Place): string | undefined {
  const text = latin1FromOctets(octets);
  if (code === 'ERR_FRAMING_TRUNCATED') {
    const isBare = place.form === 'response' && place.bodyOctets === 0;
    return isBare ? 'if this answers a HEAD request, it has no body: say --method HEAD' : undefined;
  }
  if (place.isHead) {
    if (/^HTTP\/[23]/.test(text)) return 'only HTTP/1.1 has chunks: curl --http1.1 asks for it';
    return octets[0] === LF ? LINE_ENDS : undefined;
  }
  if (code !== 'ERR_FRAMING_MALFORMED') return undefined;
  if (octets[0] === LF) return LINE_ENDS;
  if (place.bodyOctets > 0) return undefined;
  if (place.form === 'response') return 'this body is perhaps decoded already: curl keeps the chunks with --raw';
  if (offset > 0) return undefined;
  if (/^\x1f\x8b/.test(text)) return 'this is gzip: decompress the capture first';
  if (/^[A-Z]+ \S*/.test(text)) return 'this looks like a request: only responses and chunked bodies are read';
  return 'neither a response (HTTP/1.x) nor a chunked body (a chunk-size first)';
}

const LINE_ENDS = 'the line ends were changed, perhaps by copying as text: capture it anew';

/** For a body that may end without a status. */
export const UNREQUIRED = 'no status was announced: --require always makes this a failure';
