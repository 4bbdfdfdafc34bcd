/**
 * sealedFetch: the whole content of a response that says how it ended, or an error. For pages, and wherever there is a
 * `fetch`, which shows no trailers: the seal comes inside the content (application/vnd.chunked-trailers).
 *
 * Recipient in content, level: full. Nothing but what every browser has; without a secure context there is no
 * `crypto.subtle`, and the digest stays unchecked.
 *
 *     const { content, type } = await sealedFetch('/totals.csv'); // a Uint8Array and 'text/csv'
 */
const TYPE = 'application/vnd.chunked-trailers';

/** The body is not to be used. `verdict`: failed, truncated, malformed, mismatch or unverified; `type`: of a failure. */
export class BodyError extends Error {
  constructor(verdict, { type = '', details = '' } = {}) {
    super([verdict, type, details].filter(Boolean).join(' '));
    Object.assign(this, { verdict, type, details });
  }
}

export async function sealedFetch(url, options = {}) {
  const headers = new Headers(options.headers);
  headers.set('Accept', TYPE);
  const response = await fetch(url, { ...options, headers });
  const contentType = response.headers.get('Content-Type') ?? '';
  const type = innerType(contentType);
  if (!response.ok || type === undefined) throw new Error(`Status ${response.status} and the type ${contentType}`);
  return { content: await decode(await octetsOf(response)), type };
}

/** All that comes. An end that breaks off is an end: the octets say whether they are whole. */
async function octetsOf(response) {
  const pieces = [];
  const reader = response.body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
  } catch {
    // what is missing shows
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

// RFC 9651: parameters, and an Item that is the status.
const KEY = '[a-z*][a-z0-9_.*-]*';
const TOKEN = "[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*";
const NUMBER = '-?(?:\\d{1,12}\\.\\d{1,3}|\\d{1,15})(?![\\d.])';
const STRING = '"(?:[ !#-[\\]-~]|\\\\["\\\\])*"';
const BARE = `(?:${TOKEN}|${STRING}|:[A-Za-z0-9+/]*={0,2}:|@?${NUMBER}|\\?[01]|%"(?:[ !#$&-~]|%[0-9a-f]{2})*")`;
const PARAMETERS = `(?:; *${KEY}(?:=${BARE})?)*`;
const STATUS = new RegExp(`^ *(ok|error)(${PARAMETERS}) *$`);
const PARAMETER = new RegExp(`; *(${KEY})(?:=(${BARE}))?`, 'g');
const DIGEST = new RegExp(`(${KEY})=:([A-Za-z0-9+/]*)={0,2}:${PARAMETERS}[ \\t]*(?:,[ \\t]*(?!$)|$)`, 'y');

// RFC 9112 §7.1: a chunk line, its extensions, and a field line of the trailer section. A character is an octet.
const NAME = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const EXTENSION = `[ \\t]*;[ \\t]*(${NAME})(?:[ \\t]*=[ \\t]*(${NAME}|${QUOTED}))?`;
const CHUNK_LINE = new RegExp(`^([0-9A-Fa-f]+)((?:${EXTENSION.replace(/\((?!\?)/g, '(?:')})*)$`);
const FIELD_LINE = new RegExp(`^(${NAME}):[ \\t]*([\\t -~\\x80-\\xff]*?)[ \\t]*$`);

const MAX_LINE = 16384;

/** Of the content inside, empty if it is not told; undefined for another media type, and for one that cannot be read. */
function innerType(contentType) {
  const [, parameters] =
    new RegExp(`^${TYPE}((?:[ \\t]*;[ \\t]*(?:${NAME}=(?:${NAME}|${QUOTED}))?)*)[ \\t]*$`, 'i').exec(contentType) ?? [];
  if (parameters === undefined) return undefined;
  let type = '';
  for (const [, name, value] of parameters.matchAll(new RegExp(`(${NAME})=(${NAME}|${QUOTED})`, 'g'))) {
    if (name.toLowerCase() !== 'type') continue;
    type = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  }
  return type;
}

async function decode(octets) {
  let at = 0;
  /** Without its CRLF. */
  const line = () => {
    const end = octets.indexOf(10, at);
    if (end === -1 && octets.length - at < MAX_LINE) throw new BodyError('truncated');
    if (end === -1 || end - at > MAX_LINE || octets[end - 1] !== 13) throw new BodyError('malformed');
    const text = String.fromCharCode(...octets.subarray(at, end - 1));
    at = end + 1;
    return text;
  };
  const pieces = [];
  for (;;) {
    const [, size, extensions] = CHUNK_LINE.exec(line()) ?? [];
    const length = Number.parseInt(size, 16);
    if (!(length <= Number.MAX_SAFE_INTEGER)) throw new BodyError('malformed');
    if (length === 0) break;
    if (at === octets.length) throw cut(extensions);
    pieces.push(octets.subarray(at, at + length));
    at += length;
    if (at >= octets.length) throw new BodyError('truncated');
    if (line() !== '') throw new BodyError('malformed');
  }
  const fields = new Map();
  for (let text = line(); text !== ''; text = line()) {
    const [, name, value] = FIELD_LINE.exec(text) ?? [];
    if (name === undefined) throw new BodyError('malformed');
    const key = name.toLowerCase();
    fields.set(key, fields.has(key) ? `${fields.get(key)}, ${value}` : value);
  }
  const content = new Uint8Array(await new Blob(pieces).arrayBuffer());
  await judge(content, readStatus(fields.get('x-stream-status')), fields.get('content-digest'));
  return content;
}

/** Input ended where data should come: the extensions of a chunk that got none may say why. */
function cut(extensions) {
  const reasons = [...extensions.matchAll(new RegExp(EXTENSION, 'g'))].filter(
    ([, name]) => name.toLowerCase() === 'x-stream-status',
  );
  const value = reasons.length === 1 ? reasons[0][2] : undefined;
  const status = readStatus(value?.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value);
  return status?.isError ? new BodyError('failed', status) : new BodyError('truncated');
}

/** What it says; undefined if it is not there, or cannot be read. */
function readStatus(value = '') {
  const [, state, text] = STATUS.exec(value) ?? [];
  if (state === undefined) return undefined;
  const parameters = new Map([...text.matchAll(PARAMETER)].map(([, key, given = '?1']) => [key, given]));
  const bytes = parameters.get('bytes');
  const isCount = /^(?:\d+|-0+)$/.test(bytes ?? '');
  if (state === 'ok')
    return bytes === undefined || isCount ? { isError: false, bytes: bytes && Math.abs(bytes) } : undefined;
  const [type, details = ''] = [parameters.get('type'), parameters.get('details')];
  return {
    isError: true,
    ...(new RegExp(`^${TOKEN}$`).test(type ?? '') && { type }),
    ...(details.startsWith('"') && { details: details.slice(1, -1).replace(/\\(.)/g, '$1') }),
  };
}

async function judge(content, status, digest = '') {
  if (status?.isError) throw new BodyError('failed', status);
  if (status?.bytes !== undefined && status.bytes !== content.length) throw new BodyError('mismatch');
  const wanted = sha256Of(digest);
  if (wanted !== undefined && globalThis.crypto?.subtle !== undefined) {
    const own = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    if (btoa(String.fromCharCode(...own)).replace(/=+$/, '') !== wanted) throw new BodyError('mismatch');
  }
  if (status === undefined) throw new BodyError('unverified');
}

/** In Base64 without padding; undefined if there is none, or the field cannot be read. */
function sha256Of(value) {
  let digest;
  DIGEST.lastIndex = 0;
  while (DIGEST.lastIndex < value.length) {
    const [, algorithm, base64] = DIGEST.exec(value) ?? [];
    if (algorithm === undefined || base64.length % 4 === 1) return undefined;
    if (algorithm === 'sha-256') digest = base64;
  }
  return digest;
}
