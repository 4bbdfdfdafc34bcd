/** What both ends say of a sealed chunked body that is itself content (spec-notes/in-content.md). */
import { listMembers } from './fields.ts';

/** The media type of a sealed chunked body that is itself content (spec-notes/in-content.md). */
export const IN_CONTENT_TYPE = 'application/vnd.chunked-trailers';

/** The Content-Type for content of this type in that framing. */
export function inContentType(type: string | undefined): string {
  return type === undefined ? IN_CONTENT_TYPE : `${IN_CONTENT_TYPE}; type="${type.replace(/["\\]/g, '\\$&')}"`;
}

/** @throws TypeError for the status of a part: chunks of another run of the source do not fit to it */
export function assertWholeContent(status: number | undefined): void {
  if (status === 206) throw new TypeError('A part of a representation cannot be sealed as content');
}

/** What the application means of the content inside, and a client would take for what is around it. */
const ABOUT_WHOLE = [
  ['Content-Encoding', 'compress around it, or name the coding in the type'],
  ['Content-Digest', 'its trailers have one of what is inside'],
  ['Repr-Digest', 'leave it out'],
] as const;

/** @throws TypeError for a field that cannot be true of content in that framing */
export function assertTrueOfContent(has: (name: string) => boolean): void {
  assertWholeContent(has('Content-Range') ? 206 : undefined);
  for (const [name, instead] of ABOUT_WHOLE) {
    if (has(name)) throw new TypeError(`${name} is about the whole content, which is the chunked body: ${instead}`);
  }
}

/** Whether an Accept names the media type, and not with a weight of 0 (RFC 9110 §12.5.1). */
export function acceptsType(accept: string): boolean {
  return splitOutsideQuotes(accept, ',').some((range) => {
    const [type, ...parameters] = splitOutsideQuotes(range, ';').map((part) => part.trim().toLowerCase());
    return type === IN_CONTENT_TYPE && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** The list with this member, once. */
export function withMember(list: string, member: string): string {
  if (listMembers(list).includes(member.toLowerCase())) return list;
  return list === '' ? member : `${list}, ${member}`;
}

/** The parts between separators that stand in no quoted-string (RFC 9110 §5.6.4). One pass: a client chooses the text. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === '\\') at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}
