/**
 * relay: an upstream response on to a client of ours, verified on the way in and sealed anew on the way out. TE, Trailer
 * and the connection belong to each side by itself; everything end-to-end is passed on as it came.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type FailureDescription, failureType } from '../core/failure.ts';
import { type FieldPairs, listMembers } from '../core/fields.ts';
import { BodyError, type Verdict } from '../core/verdict.ts';
import { pairsFrom } from './receive/message-source.ts';
import { type VerifyOptions, verify } from './receive/verify.ts';
import type { ErrorResponse } from './send/error-response.ts';
import { type RespondOptions, respond } from './send/respond.ts';

export interface RelayOptions
  extends VerifyOptions,
    Pick<RespondOptions, 'extraTrailers' | 'describeError' | 'errorResponse' | 'lingerTimeout'> {
  /** Fields to set on the response, in the place of upstream's of the same name. */
  headers?: Readonly<Record<string, string>>;
}

/** Fields that concern one connection only (RFC 9110 §7.6.1), and those that frame the body, which is framed anew. */
const HOP_BY_HOP = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'content-length'],
];

/**
 * Streams `upstream` to the client of `res`. A body that upstream cut, failed or damaged is a failure downstream too,
 * with a type that says so; an error before its first octet becomes 502 or 504. A client that leaves cancels upstream.
 *
 * @returns what was concluded about the upstream body; never rejects
 * @throws TypeError, Error at once, as `verify` and `respond`
 */
export function relay(upstream: IncomingMessage, res: ServerResponse, options: RelayOptions = {}): Promise<Verdict> {
  const { headers = {}, describeError = describeUpstream, errorResponse = gatewayError, ...others } = options;
  const body = verify(upstream, options);
  const response = respond(res, {
    ...others,
    status: upstream.statusCode ?? 502,
    headers: [...endToEndFields(upstream, headers), ...Object.entries(headers)],
    describeError,
    errorResponse,
    // A body that only a closing connection ends may have been cut: we do not vouch for it.
    seal: isSelfDelimited(upstream),
  });
  return pipeline(body, response).then(
    () => body.verdict,
    () => body.verdict, // the failure has been passed on
  );
}

function endToEndFields(upstream: IncomingMessage, replaced: Readonly<Record<string, string>>): FieldPairs {
  const dropped = new Set([
    ...HOP_BY_HOP,
    ...listMembers(upstream.headers.connection),
    ...Object.keys(replaced).map((name) => name.toLowerCase()),
  ]);
  return pairsFrom(upstream.rawHeaders).filter(([name]) => !dropped.has(name.toLowerCase()));
}

function isSelfDelimited({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
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
