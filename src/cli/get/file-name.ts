/**
 * The name of the file that a URL or a Content-Disposition (RFC 6266) gives: only one that is a plain name. What leads
 * elsewhere, hides the file, or cannot be read on a terminal is no name.
 */

const MAX_BYTES = 240; // room for what a download adds to it
// Separators, controls, and characters that change the direction of what comes after them.
const NEVER = /[/\\\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]/;
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Undefined for what is not a safe name. */
function safeName(name: string): string | undefined {
  const isPlain = name !== '' && !/^[.~-]|[. ]$/.test(name) && !NEVER.test(name) && !RESERVED.test(name);
  const isPossible = process.platform !== 'win32' || !/[:*?"<>|]/.test(name);
  return isPlain && isPossible && Buffer.byteLength(name) <= MAX_BYTES ? name : undefined;
}

/** The last segment of the path. */
export function nameFromUrl({ pathname }: URL): string | undefined {
  const segment = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return safeName(decodeURIComponent(segment));
  } catch {
    return safeName(segment);
  }
}

/** `filename*` before `filename`, as RFC 6266 §4.3 has it. Undefined if it has neither, null if the name is not safe. */
export function nameFromDisposition(field: string | undefined): string | undefined | null {
  const parameters = new Map<string, string>();
  const parameter = /;[ \t]*([!#$%&'*+\-.^_`|~0-9a-z]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/gi;
  for (const [, name, quoted, token = ''] of `${field ?? ''}`.matchAll(parameter)) {
    const key = name!.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token.trim());
  }
  const extended = extendedValue(parameters.get('filename*'));
  if (extended !== undefined) return safeName(extended) ?? null;
  const plain = parameters.get('filename');
  // Octets beyond ASCII are UTF-8 on the web, and latin1 in Node's headers.
  if (plain !== undefined) return safeName(utf8From(plain)) ?? null;
  return parameters.has('filename*') ? null : undefined;
}

/** `UTF-8''na%C3%AFve` (RFC 8187 §3.2.1) */
function extendedValue(value: string | undefined): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/i.exec(value ?? '') ?? [];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function utf8From(latin1: string): string {
  const octets = Buffer.from(latin1, 'latin1');
  const text = octets.toString('utf8');
  return Buffer.from(text).equals(octets) ? text : latin1;
}
