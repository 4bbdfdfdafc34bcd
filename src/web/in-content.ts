/** The Content-Type of a chunked body that is itself the content of a response (spec-notes/in-content.md). */
import { IN_CONTENT_TYPE } from '../core/in-content.ts';

/** A parameter of a media type (RFC 9110 §5.6.6): its name, and its value as it stands. */
const PARAMETER = /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z-]+))?/gy;

/**
 * What a Content-Type says of content in this framing.
 *
 * @returns the type of the content inside, empty if it is not told; undefined for any other media type, and for a value
 *   that cannot be read
 * @example
 * parseInContentType(response.headers.get('Content-Type')); // 'text/csv', or undefined for any other type
 */
export function parseInContentType(contentType: string | null | undefined): string | undefined {
  const text = contentType?.trim() ?? '';
  const end = text.search(/[ \t;]|$/);
  if (text.slice(0, end).toLowerCase() !== IN_CONTENT_TYPE) return undefined;
  let type = '';
  let at = end;
  for (const [parameter, name, value] of text.slice(end).matchAll(PARAMETER)) {
    at += parameter.length;
    if (name?.toLowerCase() !== 'type') continue;
    type = value!.startsWith('"') ? value!.slice(1, -1).replace(/\\(.)/g, '$1') : value!;
  }
  return at === text.length ? type : undefined;
}
