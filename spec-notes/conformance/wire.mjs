/**
 * Octets and what they say, with nothing taken from any implementation: a chunked body read exactly (RFC 9112 §7.1), a
 * response cut into head and content, and how the connection under it ended. A character is an octet (latin1).
 */
import { createHash } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const EXTENSION = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?`;
const CHUNK_LINE = new RegExp(`([0-9A-Fa-f]+)((?:${EXTENSION})*)\\r\\n`, 'y');
const FIELD_LINE = new RegExp(`(${TOKEN}):[ \\t]*([\\t -~\\x80-\\xff]*?)[ \\t]*\\r\\n`, 'y');

/**
 * @returns `content`; `trailers`, if the message is whole; `rest`, what stands after the last whole chunk, or after the
 *   message; `extensions`, those of all its chunks
 */
export function readChunked(octets) {
  let content = '';
  let at = 0;
  const extensions = [];
  for (;;) {
    CHUNK_LINE.lastIndex = at;
    const line = CHUNK_LINE.exec(octets);
    if (line === null) return { content, rest: octets.slice(at), extensions };
    const start = at + line[0].length;
    const size = Number.parseInt(line[1], 16);
    if (size > 0) {
      const end = start + size;
      if (octets.slice(end, end + 2) !== '\r\n') return { content, rest: octets.slice(at), extensions };
      if (line[2] !== '') extensions.push(line[2]);
      content += octets.slice(start, end);
      at = end + 2;
      continue;
    }
    if (line[2] !== '') extensions.push(line[2]);
    const trailers = [];
    let next = start;
    for (;;) {
      FIELD_LINE.lastIndex = next;
      const field = FIELD_LINE.exec(octets);
      if (field === null) break;
      trailers.push([field[1].toLowerCase(), field[2]]);
      next += field[0].length;
    }
    if (octets.slice(next, next + 2) !== '\r\n') return { content, rest: octets.slice(at), extensions };
    return { content, trailers, rest: octets.slice(next + 2), extensions };
  }
}

/** The field's lines, joined; undefined if there is none. */
export function fieldOf(fields, name) {
  const values = fields.filter(([one]) => one === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** The members of a list, in lower case. */
export const membersOf = (value = '') => value.split(',').map((member) => member.trim().toLowerCase());

/**
 * The final response at the start of these octets; undefined while its head has not come whole.
 *
 * @returns `framing`, and whether the message `isWhole` by it; undefined `isWhole`: that only the end of input tells
 */
export function readResponse(octets, method) {
  const end = octets.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [start, ...lines] = octets.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.\d (\d{3})(?: |$)/.exec(start)?.[1]);
  const body = octets.slice(end + 4);
  if (status < 200) return readResponse(body, method);
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const response = { status, fields, body };
  const length = fieldOf(fields, 'content-length');
  const codings = fieldOf(fields, 'transfer-encoding');
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { ...response, framing: 'none', content: body, isWhole: true };
  }
  if (codings !== undefined) {
    const chunked = readChunked(body);
    const isWhole = chunked.trailers !== undefined && codings.toLowerCase() === 'chunked' && length === undefined;
    return { ...response, framing: 'chunked', ...chunked, isWhole };
  }
  if (length !== undefined) {
    const content = body.slice(0, Number(length));
    return { ...response, framing: 'length', content, isWhole: content.length === Number(length) };
  }
  return { ...response, framing: 'close', content: body };
}

/** X-Stream-Status as a sender may write it (Appendix C); undefined for anything else. */
export function readStatus(value = '') {
  const match = /^(ok|error)((?: *; *[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[ !#-[\]-~]|\\["\\])*"|[^";]+))?)*)$/.exec(value);
  if (match === null) return undefined;
  const status = { state: match[1] };
  for (const [, key, text = '?1'] of match[2].matchAll(/; *([a-z*][a-z0-9_.*-]*)(?:=("(?:[^"\\]|\\.)*"|[^";]+))?/g)) {
    if (key in status) return undefined; // a sender must not repeat a parameter
    if (key === 'bytes' && !/^\d{1,15}$/.test(text)) return undefined;
    if (key === 'type' && !/^[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]{0,63}$/.test(text)) return undefined;
    if (key === 'details' && !text.startsWith('"')) return undefined;
    status[key] = text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  }
  if (status.state === 'ok' && ('type' in status || 'details' in status)) return undefined;
  return (status.details?.length ?? 0) > 256 ? undefined : status;
}

/** The abort line that these octets are, and nothing else (Appendix C); its status, or undefined. */
export function readAbortLine(octets) {
  const match = /^[0-9A-Fa-f]*[1-9A-Fa-f][0-9A-Fa-f]*;x-stream-status="((?:[^"\\]|\\.)*)"\r\n$/.exec(octets);
  const status = match === null ? undefined : readStatus(match[1].replace(/\\(.)/g, '$1'));
  return status?.state === 'error' ? status : undefined;
}

/** The digests of a Content-Digest value, by algorithm; undefined if it is not written as a sender should. */
export function readDigests(value) {
  const members = value.split(',').map((member) => /^\s*([a-z0-9-]+)=:([A-Za-z0-9+/]+={0,2}):\s*$/.exec(member));
  return members.includes(null) ? undefined : new Map(members.map(([, algorithm, digest]) => [algorithm, digest]));
}

export function digestOf(content, algorithm) {
  return createHash(algorithm.replace('-', '')).update(content, 'latin1').digest('base64');
}

/** Milliseconds in which the octets would come that must not follow a message. */
const AFTER_THE_END = 50;

/**
 * Sends one request and reads its response.
 *
 * @param asks what is to be known of the connection: undefined, if nothing; `kept`: a second request is sent on it
 * @returns the response as `readResponse` has it, and `end`: `FIN`, `RST`, `open` if nothing more came, or `kept`
 */
export function exchange({ host, port }, { method, path, version, fields, fin, more = '' }, asks, patience = 4000) {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `HTTP/${version}\r\nHost: ${host}:${port}\r\n`;
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let octets = '';
    let probedFrom;
    const finish = (end) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...readResponse(octets.slice(0, probedFrom), method), octets: octets.slice(0, probedFrom), end });
    };
    const timer = setTimeout(() => finish('open'), patience);
    socket.on('error', () => finish('RST'));
    socket.on('end', () => {
      if (more === '') return finish('FIN');
      socket.write(more, 'latin1'); // a socket that has been closed resets the connection
      setTimeout(finish, AFTER_THE_END, 'FIN');
    });
    socket.on('data', (data) => {
      octets += data.toString('latin1');
      if (asks !== 'kept') {
        if (asks === undefined && readResponse(octets, method)?.isWhole) setTimeout(finish, AFTER_THE_END, 'open');
        return;
      }
      if (probedFrom === undefined && readResponse(octets, method)?.isWhole) {
        probedFrom = octets.length;
        socket.write(`GET ${path} ${head}\r\n`);
      } else if (probedFrom !== undefined && octets.startsWith('HTTP/1.1 ', probedFrom)) {
        finish('kept');
      }
    });
    socket.write(`${method} ${path} ${head}${lines}\r\n${more}`, 'latin1');
    if (fin) socket.end();
  });
}

/**
 * The same over HTTP/2 without TLS. `end` is `END_STREAM`, or the error code of RST_STREAM or GOAWAY.
 */
export function exchangeHttp2({ host, port }, { method, path, fields }, patience = 4000) {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${host}:${port}`);
    const stream = session.request({ ':method': method, ':path': path, ...Object.fromEntries(fields) });
    const found = { status: undefined, fields: [], trailers: [], content: '', octets: '', end: 'open' };
    const pairs = (headers) =>
      Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
    const finish = () => {
      clearTimeout(timer);
      session.destroy();
      resolve({ ...found, octets: JSON.stringify(found) });
    };
    const timer = setTimeout(finish, patience);
    session.on('error', () => {});
    stream.on('response', (headers) => {
      found.status = headers[':status'];
      found.fields = pairs(headers);
    });
    stream.on('trailers', (headers) => {
      found.trailers = pairs(headers);
    });
    stream.on('data', (data) => {
      found.content += data.toString('latin1');
    });
    stream.on('end', () => {
      found.end = 'END_STREAM';
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      if (stream.rstCode !== 0) found.end = stream.rstCode;
      finish();
    });
    stream.end();
  });
}
