/**
 * relay: an upstream response on to a client of ours. It is verified on the way in, and sealed on the way out only if
 * upstream had sealed it and it was complete: what nobody vouched for goes on as it is, and what failed fails. TE, Trailer and
 * the connection belong to each side by itself; everything end-to-end is passed on as it came.
 *
 * A response that cannot be passed on (a status or a field that no head can carry) costs that one response: the client gets
 * 502, and upstream is cancelled.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { addAbortSignal, Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { brokenOff, HeadError } from '../core/errors.ts';
import { type FailureDescription, failureType } from '../core/failure.ts';
import { type FieldPairs, fieldValue, listMembers, serializeFieldLines, withoutFields } from '../core/fields.ts';
import { aBoolean, aFunction, areTrailers, aString, assertOptions, type OptionChecks } from '../core/options.ts';
import { BodyError, type Verdict } from '../core/verdict.ts';
import { type Conclusion, type FramingEnd, Verifier } from '../core/verifier.ts';
import { BorrowedHash } from './borrowed-hash.ts';
import { type BodyFacts, publishVerdict } from './diagnostics.ts';
import { lendingHasher } from './hashing.ts';
import { hasNoContent } from './head/message-head.ts';
import { pairsFrom, requestOf } from './receive/message-source.ts';
import type { BodySink } from './receive/received-body.ts';
import {
  type Incoming,
  incomingFrom,
  type StartableSource,
  VERIFY_CHECKS,
  type VerifyOptions,
} from './receive/verify.ts';
import { type RespondOptions, respondWith, type StreamResponse } from './send/respond.ts';
import type { ErrorResponse } from './send/response-head.ts';
import { timeoutFrom } from './timeouts.ts';

export interface RelayOptions
  extends VerifyOptions,
    Pick<RespondOptions, 'extraTrailers' | 'describeError' | 'errorResponse' | 'lingerTimeout'> {
  /** Fields to set on the response, in the place of upstream's of the same name. */
  headers?: Readonly<Record<string, string>>;
  /**
   * `true`: the application's own word that a body which ends without an error is whole, though upstream did not seal it. It
   * is sealed then. `false` by default.
   */
  vouch?: boolean;
  /** What to call this hop in `Via` (RFC 9110 §7.6.3); `chunked-trailers` by default. */
  via?: string;
}

const CHECKS: OptionChecks<RelayOptions> = {
  ...VERIFY_CHECKS,
  extraTrailers: areTrailers,
  describeError: aFunction,
  errorResponse: aFunction,
  lingerTimeout: timeoutFrom,
  vouch: aBoolean,
  via: aString,
};

/** What of an upstream response goes on. */
interface Head {
  status: number;
  fields: FieldPairs;
  /** Whether upstream has announced a seal: it counts only if it comes. */
  isSealed: boolean;
  /** Bytes of content, where upstream said so. */
  length: number | undefined;
}

/**
 * Fields that concern one connection only (RFC 9110 §7.6.1), those that frame the body, which is framed anew, and a status
 * that stands in the head, where it may not be passed on.
 */
const HOP_BY_HOP = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'content-length', 'x-stream-status', 'x-stream-length'],
];

const OF_CODED_CONTENT = ['content-encoding', 'content-digest', 'repr-digest'];

/**
 * Streams `upstream` to the client of `res`. A body that upstream cut, failed or damaged is a failure downstream too,
 * with a type that says so; an error before its first byte becomes 502 or 504. A client that leaves cancels upstream.
 *
 * @param upstream a response of `node:http`, or of fetch: that shows no trailers, so it is passed on unsealed
 * @returns what was concluded about the upstream body: `abandoned` if the client left, or upstream's head could not be passed
 *   on; never rejects
 * @throws TypeError, Error at once, as `verify` and `respond`, for what the caller does wrong
 * @example
 * const upstream = http.get(url, { headers: requestHeaders() }, (response) => relay(response, res));
 * upstream.on('error', () => res.headersSent || res.writeHead(502).end());
 */
export function relay(
  upstream: IncomingMessage | Response,
  res: ServerResponse,
  options: RelayOptions = {},
): Promise<Verdict> {
  assertOptions('relay', options, CHECKS);
  const { require, vouch = false, describeError = describeUpstream, errorResponse = gatewayError } = options;
  const { digest, extraTrailers, signal, idleTimeout, lingerTimeout } = options;
  const hash = new BorrowedHash();
  const incoming = isFetched(upstream)
    ? fetchedBody(upstream, options)
    : incomingFrom('relay', upstream, options, hash.createHasher);
  const common = { digest, extraTrailers, signal, idleTimeout, lingerTimeout, describeError, errorResponse };
  const head = isFetched(upstream) ? fetchedHead(upstream, options) : messageHead(upstream, options);
  const fault = faultOf(head);
  const passage = new Passage(incoming, hash);
  try {
    const { status, fields: headers, length } = head;
    // `never` lets a body end that brought no seal, which must not get one here.
    const seal = vouch || (head.isSealed && require !== 'never');
    const passing = fault === undefined ? { ...common, status, headers, length, seal } : common;
    // The seal hashes what the verifier has had before: it lends that.
    const lending = lendingHasher(
      (sealed) => hash.begin(() => sealed.copy()),
      (bytes) => hash.written(bytes),
    );
    const response = respondWith(lending, res, passing);
    if (fault !== undefined) response.destroy(fault);
    // `respond` waits a tick for whoever listens; content of upstream's may be here before.
    else if (signal?.aborted) addAbortSignal(signal, response);
    return passage.into(response);
  } catch (error) {
    passage.giveUp();
    throw error;
  }
}

function messageHead(upstream: IncomingMessage, options: RelayOptions): Head {
  const { statusCode = 0, headers, rawHeaders, httpVersion } = upstream;
  const length = headers['content-length'];
  const hasContent = !hasNoContent(requestOf(upstream)?.method, statusCode);
  return {
    status: statusCode,
    fields: endToEnd(pairsFrom(rawHeaders), httpVersion, options),
    isSealed: listMembers(headers.trailer).includes('x-stream-status'),
    length: hasContent && length !== undefined ? Number(length) : undefined,
  };
}

function fetchedHead({ status, headers }: Response, options: RelayOptions): Head {
  const isDecoded = headers.has('content-encoding'); // fetch has decoded it: what describes the coded content goes too
  const length = headers.get('content-length');
  const own = [...headers].filter(([name]) => !(isDecoded && OF_CODED_CONTENT.includes(name)));
  return {
    status,
    fields: endToEnd(own, '1.1', options),
    isSealed: false,
    length: isDecoded || length === null ? undefined : Number(length),
  };
}

/** The fields that go on, `Via` among them. */
function endToEnd(fields: FieldPairs, httpVersion: string, { headers = {}, via = 'chunked-trailers' }: RelayOptions) {
  const named = listMembers(fieldValue(fields, 'connection'));
  const earlier = fieldValue(fields, 'via');
  const hop = `${httpVersion} ${via}`;
  return [
    ...withoutFields(fields, ['via', ...HOP_BY_HOP, ...named, ...Object.keys(headers)]),
    ['Via', earlier === undefined ? hop : `${earlier}, ${hop}`],
    ...Object.entries(headers),
  ] as FieldPairs;
}

/** Why upstream's head cannot be passed on. */
function faultOf({ status, fields }: Head): HeadError | undefined {
  if (!(status >= 200 && status <= 999)) return new HeadError('ERR_HEAD_MALFORMED', `Upstream's status is ${status}`);
  try {
    serializeFieldLines(fields);
    return undefined;
  } catch (cause) {
    return new HeadError('ERR_HEAD_MALFORMED', 'A field of upstream cannot be passed on', { cause });
  }
}

/**
 * The way of the content from upstream to the response, without a stream between them: each piece would pass a Readable and a
 * pipe more (measured: a fifth of the CPU).
 */
class Passage implements BodySink {
  readonly #incoming: Incoming;
  readonly #hash: BorrowedHash;
  readonly #source: StartableSource;
  #response: StreamResponse | undefined;
  /** What came while there was no response: all that an upstream held which was lost before. */
  #early: Uint8Array[] = [];
  #conclusion: Conclusion | undefined;

  /** Begins at once, so that the time of an upstream that is silent is over before that of the response. */
  constructor(incoming: Incoming, hash: BorrowedHash) {
    this.#incoming = incoming;
    this.#hash = hash;
    this.#source = incoming.connect(this);
    this.#source.start();
  }

  /** @returns settles with the verdict when the response is over, and never rejects */
  into(response: StreamResponse): Promise<Verdict> {
    this.#response = response;
    // An error has been passed on when it is emitted.
    response.on('drain', () => this.#source.resume()).on('error', ignore);
    for (const data of this.#early) this.#write(response, data);
    this.#early = [];
    if (this.#conclusion !== undefined) this.#end(this.#conclusion);
    return new Promise((resolve) => {
      // If upstream's body is not over, it was the client who left, or the application.
      const onOver = () => resolve(this.#conclusion?.verdict ?? this.giveUp());
      response.on('finish', onOver).on('close', onOver);
    });
  }

  giveUp(): Verdict {
    const verdict = this.#incoming.verifier.abandon();
    this.#settle({ verdict, error: undefined });
    this.#source.cancel();
    return verdict;
  }

  deliver(data: Uint8Array): void {
    const response = this.#response;
    if (response?.destroyed) return;
    const { verifier } = this.#incoming;
    // Some has left under a head, and a seal that has a hash to lend would have begun.
    if (response !== undefined && verifier.bytes > response.writableLength) this.#hash.begin(undefined);
    verifier.update(data);
    if (response === undefined) this.#early.push(data);
    else this.#write(response, data);
  }

  #write(response: StreamResponse, data: Uint8Array): void {
    if (!response.destroyed && !response.write(data)) this.#source.pause();
  }

  conclude(framing: FramingEnd): Verdict {
    const conclusion = this.#incoming.verifier.conclude(framing);
    if (this.#conclusion === undefined) {
      this.#settle(conclusion);
      if (this.#response !== undefined) this.#end(conclusion);
    }
    return conclusion.verdict;
  }

  #settle(conclusion: Conclusion): void {
    this.#conclusion = conclusion;
    publishVerdict(conclusion.verdict, () => this.#incoming.facts);
  }

  #end({ error }: Conclusion): void {
    if (error === undefined) this.#response!.end();
    else this.#response!.destroy(error);
  }
}

function ignore(): void {}

/** The content of a fetched response, whose framing fetch has checked, as a body that is judged like any other. */
function fetchedBody(upstream: Response, { require }: RelayOptions): Incoming {
  if (upstream.bodyUsed) throw new TypeError('The body of this response has been read already');
  // A status that was moved to the head counts; one that was announced is hidden by fetch, so nobody could wait for it.
  const headers = [...upstream.headers].filter(([name]) => name !== 'trailer');
  const { status: statusCode, body: content } = upstream;
  const verifier = new Verifier({ headers, statusCode, hasContent: content !== null, require, digest: false });
  const source = content === null ? Readable.from([]) : Readable.fromWeb(content as ReadableStream);
  const connect = (sink: BodySink) => {
    const fail = (cause: unknown) => sink.conclude({ error: brokenOff('The body broke off', cause) });
    source
      .on('data', (data: Uint8Array) => sink.deliver(data))
      .on('end', () => sink.conclude({}))
      .on('error', fail)
      .pause();
    const resume = () => void source.resume();
    return { pause: () => source.pause(), resume, start: resume, cancel: () => source.destroy() };
  };
  return { verifier, connect, facts: { receiver: 'relay', statusCode, ...targetOf(upstream) } };
}

/** A Response that no fetch has brought has no URL. */
function targetOf({ url }: Response): Pick<BodyFacts, 'origin' | 'path'> {
  if (url === '') return {};
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}` };
}

function isFetched(upstream: IncomingMessage | Response): upstream is Response {
  return typeof (upstream as Partial<Response> | undefined)?.headers?.get === 'function';
}

/** What upstream said of its own failure; otherwise the type that fits what we saw. */
function describeUpstream(error: unknown): FailureDescription {
  const verdict = error instanceof BodyError ? error.verdict : undefined;
  if (verdict?.kind !== 'failed') return { type: failureType(error) };
  const { type = failureType(error), details } = verdict.status;
  return details === undefined ? { type } : { type, details };
}

function gatewayError(error: unknown): ErrorResponse {
  return { status: failureType(error) === 'http_response_timeout' ? 504 : 502 };
}
