/** Which failures may pass, and how long to wait before finding out. */
import { HeadError } from '../../core/errors.ts';
import { BodyError } from '../../core/verdict.ts';
import { ChecksumError } from './digest.ts';
import { StatusError } from './status-error.ts';

/** What would come out the same: a bound of ours, and a server or proxy that gives no status. */
const LASTING = new Set<string>(['ERR_BODY_LIMIT', 'ERR_HEAD_LIMIT', 'ERR_BODY_UNVERIFIED']);

const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

const LONGEST_DELAY = 30_000;
const LONGEST_RETRY_AFTER = 120_000;

export function isWorthRetrying(error: unknown): boolean {
  const refusal = refusalOf(error);
  if (refusal !== undefined) return PASSING_STATUSES.has(refusal.statusCode);
  const isPeers = error instanceof BodyError || error instanceof HeadError;
  return isPeers && !(error instanceof ChecksumError) && !LASTING.has(error.code) && !isCertificateProblem(error.cause);
}

/** Milliseconds: 1 s, 2 s, 4 s ... 30 s, of which up to a half is left to chance, so that clients do not come at once. */
export function defaultRetryDelay(retry: number): number {
  return Math.min(LONGEST_DELAY, 1000 * 2 ** (retry - 1)) * (0.5 + Math.random() / 2);
}

/** What the server asked for, within reason. */
export function retryAfterOf(error: unknown): number {
  return Math.min(LONGEST_RETRY_AFTER, refusalOf(error)?.retryAfter ?? 0);
}

/** The server's, or that of a proxy which was asked for a tunnel. */
function refusalOf(error: unknown): StatusError | undefined {
  const one = error instanceof HeadError ? error.cause : error;
  return one instanceof StatusError ? one : undefined;
}

function isCertificateProblem(cause: unknown): boolean {
  return /CERT|^ERR_TLS|^ERR_SSL|^UNABLE_TO_(?:GET|VERIFY|DECRYPT)/.test(codeOf(cause));
}

/** Of a certificate that is as it should be, but for who has issued it. */
export function isIssuerUnknown(cause: unknown): boolean {
  return /SELF_SIGNED_CERT|^CERT_UNTRUSTED$|^UNABLE_TO_(?:GET_ISSUER|VERIFY)/.test(codeOf(cause));
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
}
