/**
 * Senders: each vector's request is sent as octets, and what came back is held to what must and must not be on the wire.
 * Nothing is believed: count and digest are computed from the content, the content is the one that the README gives.
 */
import {
  digestOf,
  exchange,
  exchangeHttp2,
  fieldOf,
  membersOf,
  readAbortLine,
  readChunked,
  readDigests,
  readStatus,
} from './wire.mjs';

export const SENDER_LEVELS = ['sealing', 'full'];

const WHOLE = 'id,total\n1,20\n2,35\n3,50\n';
const PREFIX = 'id,total\n1,20\n2,35\n';
const IN_CONTENT = /^application\/vnd\.chunked-trailers *(?:;|$)/i;

/** How the response ended, and with which status and trailers. */
function endingOf(response) {
  const { status, fields, framing, isWhole, content, body, trailers, rest } = response;
  if (status === undefined) return { ending: 'no response' };
  if (status >= 400) return { ending: isWhole === false ? 'cut error response' : 'error response' };
  if (framing === 'none' || status === 205)
    return { ending: body.replace(/^0\r\n\r\n/, '') === '' ? 'none' : 'content' };
  if (IN_CONTENT.test(fieldOf(fields, 'content-type') ?? '')) {
    if (isWhole === false) return { ending: 'cut around the content' };
    const { ending, ...inner } = endingOfChunks(readChunked(content));
    return { ending: `content ${ending}`, ...inner };
  }
  if (framing === 'close') return { ending: 'close', content };
  if (framing === 'length') return { ending: isWhole ? 'length' : 'length cut', content };
  return endingOfChunks({ content, trailers, rest, extensions: response.extensions });
}

/** The same over HTTP/2, where a stream error is an end by itself. */
function endingOfStream({ status, fields, content, trailers, end }, method) {
  const INTERNAL_ERROR = 2;
  if (status === undefined) return { ending: `no response (${end})` };
  if (status >= 400) return { ending: end === 'END_STREAM' ? 'error response' : 'cut error response' };
  if (end === INTERNAL_ERROR) return { ending: 'stream error', content };
  if (end !== 'END_STREAM') return { ending: `the stream ended by ${end}` };
  if (method === 'HEAD' || status === 204) return { ending: content === '' ? 'none' : 'content' };
  if (IN_CONTENT.test(fieldOf(fields, 'content-type') ?? '')) {
    const { ending, ...inner } = endingOfChunks(readChunked(content));
    return { ending: `content ${ending}`, ...inner };
  }
  const { ending, ...found } = endingOfChunks({ content, trailers, rest: '', extensions: [] });
  return { ending: ending === 'plain' ? 'end' : ending, ...found };
}

function endingOfChunks({ content, trailers, rest, extensions }) {
  if (extensions.some((one) => /x-stream-status/i.test(one))) return { ending: 'a reason on a chunk that came' };
  if (trailers !== undefined) {
    if (rest !== '') return { ending: 'octets after the message' };
    const value = fieldOf(trailers, 'x-stream-status');
    if (value === undefined) return { ending: trailers.length === 0 ? 'plain' : 'trailers without a status', content };
    const said = readStatus(value);
    if (said === undefined) return { ending: `a status that may not be sent (${value})` };
    return { ending: said.state === 'ok' ? 'sealed' : 'clean', content, said, trailers };
  }
  if (rest === '') return { ending: 'cut', content };
  const said = readAbortLine(rest);
  return said === undefined
    ? { ending: `cut within ${JSON.stringify(rest)}`, content }
    : { ending: 'abort', content, said };
}

/** What is wrong with the response, beyond its ending; an empty list if nothing is. */
function faultsOf(vector, response, { ending, content, said, trailers = [] }) {
  const { fields = [] } = response;
  const faults = [];
  const check = (holds, why) => holds || faults.push(why);
  const has = (name) => fieldOf(fields, name) !== undefined;
  for (const name of vector.has ?? []) check(has(name), `the head lacks ${name}`);
  if (vector.has?.includes('trailer')) {
    const names = membersOf(fieldOf(fields, 'trailer'));
    check(names.includes('x-stream-status'), 'Trailer does not name X-Stream-Status');
  }
  if (ending !== 'error response') {
    for (const name of vector.lacks ?? []) check(!has(name), `the head has ${name}: ${fieldOf(fields, name)}`);
  } else check(!has('x-stream-status') && !has('trailer'), 'the error response announces a status');
  if (vector.status !== undefined) check(response.status === vector.status, `status ${response.status}`);
  if (vector.connection === 'kept') check(response.end === 'kept', `the connection was not kept (${response.end})`);
  else if (vector.connection !== undefined && !ending.startsWith('length')) {
    check(response.end === vector.connection, `the connection ended by ${response.end}, not ${vector.connection}`);
  }
  const isFailed =
    vector.request.path !== '/length-late' &&
    (/^(?:clean|cut|abort|length cut|content clean|stream error)$/.test(ending) ||
      /fail|type|details/.test(vector.request.path));
  if (content !== undefined) {
    const wanted = vector.content ?? (vector.request.path === '/empty' ? '' : isFailed ? PREFIX : WHOLE);
    // Of the octets before a failure, the last may be held back.
    const isWanted = vector.request.path === '/length-late' ? wanted.startsWith(content) : content === wanted;
    check(isWanted, `the content is ${JSON.stringify(content)}`);
  }
  if (said?.bytes !== undefined && content !== undefined) {
    check(Number(said.bytes) === content.length, `bytes=${said.bytes} for ${content.length}`);
  }
  if (vector.type !== undefined && said?.state === 'error') check(said.type === vector.type, `type=${said.type}`);
  if (vector.hint !== undefined && has('x-stream-length')) {
    check(fieldOf(fields, 'x-stream-length') === String(vector.hint), 'X-Stream-Length is wrong');
  }
  if (vector.vary) {
    check(membersOf(fieldOf(fields, 'vary')).includes('x-want-stream-status'), 'Vary lacks X-Want-Stream-Status');
  }
  const digest = fieldOf(trailers, 'content-digest');
  const isInContent = ending.startsWith('content ');
  if (trailers.length > 0 && !isInContent) {
    const announced = membersOf(fieldOf(fields, 'trailer'));
    if (!vector.has?.includes('trailer')) {
      check(announced.includes('x-stream-status'), 'Trailer does not name X-Stream-Status');
    }
    check(announced.includes('content-digest') === (digest !== undefined), 'Trailer and Content-Digest disagree');
  }
  if (digest !== undefined) {
    const digests = readDigests(digest);
    check(digests !== undefined, `Content-Digest cannot be read: ${digest}`);
    for (const [algorithm, value] of digests ?? []) {
      if (!/^sha-(?:256|512)$/.test(algorithm)) continue;
      check(digestOf(content, algorithm) === value, `the ${algorithm} is not that of the content`);
    }
    if (vector.digest !== undefined && vector.digest !== 'none') {
      check(digests?.has(vector.digest), `no digest in ${vector.digest}`);
    }
  }
  if (vector.digest === 'none') check(digest === undefined, 'a digest that was refused');
  else if (vector.digest !== undefined) check(digest !== undefined, `no digest in ${vector.digest}`);
  if (isInContent) {
    check(membersOf(fieldOf(fields, 'cache-control')).includes('no-store'), 'Cache-Control lacks no-store');
    check(membersOf(fieldOf(fields, 'vary')).includes('accept'), 'Vary lacks Accept');
    check(response.status !== 206 && !has('content-range'), 'a part of a representation');
  }
  return faults;
}

/** @returns `{ grade, why }`: `right`, `below` (right for a lower level), `wrong`, or `not offered` by this server */
export async function askSender(vector, address) {
  const { request, connection } = vector;
  const isHttp2 = request.version === '2';
  const response = await (isHttp2 ? exchangeHttp2(address, request) : exchange(address, request, connection));
  const found = isHttp2 ? endingOfStream(response, request.method) : endingOf(response);
  const { ending } = found;
  const isOptional = vector.option !== undefined;
  if (isOptional && [400, 404, 505].includes(response.status)) return { grade: 'not offered' };
  const wantsInContent = [vector.ending].flat().some((one) => one.startsWith('content '));
  if (isOptional && wantsInContent && !ending.startsWith('content ')) return { grade: 'not offered' };
  const grade = [vector.ending].flat().includes(ending)
    ? 'right'
    : [vector.below].flat().includes(ending)
      ? 'below'
      : 'wrong';
  if (grade === 'wrong') {
    return { grade, why: `${[vector.ending].flat().join(' or ')}, not ${ending}: ${JSON.stringify(response.octets)}` };
  }
  const faults = faultsOf(
    grade === 'below' ? { ...vector, connection: isHttp2 ? undefined : 'FIN', lacks: [] } : vector,
    response,
    found,
  );
  return faults.length === 0
    ? { grade }
    : { grade: 'wrong', why: `${faults.join('; ')}: ${JSON.stringify(response.octets)}` };
}
