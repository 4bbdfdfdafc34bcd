/**
 * The annotation for machines: one JSON object a line, in ASCII, each with its `type`. Octets are strings with a character
 * (U+0000 to U+00FF) an octet. Offsets and lengths are in octets of the input, `message` counts from 1.
 *
 *     message  message, offset, form: "response" | "chunked-body"
 *     piece    message, offset, length, kind, octets, isWhole; perhaps tail (then `octets` are its first ones, `tail` its
 *              last, and those in between are left out), size (octets of chunk-data or content announced), note
 *     chunks   message, offset, length, from, to, bytes, smallest, largest, extensions: whole chunks not shown one by one
 *     error    message, offset, code, reason, octets (what stands there), blamed (how many of these)
 *     verdict  message, kind, reason, counts, exitCode; perhaps code (absent if the body may end), digest,
 *              digestPlace, status, hint
 *     unread   offset, length: of a file, what lies behind the error
 */
import { latin1FromOctets } from '../../core/grammar.ts';
import type { InspectEvent, Report } from './event.ts';

export class JsonReport implements Report {
  #lines = '';
  #message = 0;

  add(event: InspectEvent): void {
    if (event.type === 'message') this.#message++;
    this.#addLine({ type: event.type, message: this.#message, ...fieldsOf(event) });
  }

  addUnread(offset: number, length: number): void {
    this.#addLine({ type: 'unread', offset, length });
  }

  take(): string {
    const lines = this.#lines;
    this.#lines = '';
    return lines;
  }

  #addLine(fields: object): void {
    const line = JSON.stringify(fields);
    this.#lines += `${line.replace(/[\x7f-\uffff]/g, escapeCharacter)}\n`;
  }
}

function fieldsOf(event: InspectEvent): object {
  switch (event.type) {
    case 'piece': {
      const { octets, tail, ...fields } = event.piece;
      return { ...fields, octets: latin1FromOctets(octets), ...(tail.length > 0 && { tail: latin1FromOctets(tail) }) };
    }
    case 'error':
      return { ...event, octets: latin1FromOctets(event.octets) };
    default:
      return event;
  }
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
