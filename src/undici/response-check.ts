/** One response as it passes through a handler, of either kind: counted, hashed, judged. It holds no octets back. */
import { FramingError } from '../core/errors.ts';
import { type FieldPairs, fieldValue } from '../core/fields.ts';
import { BodyError, type Verdict } from '../core/verdict.ts';
import { type Conclusion, type FramingEnd, type JudgingOptions, Verifier } from '../core/verifier.ts';
import { publishVerdict } from '../node/diagnostics.ts';
import { createHasher } from '../node/hashing.ts';
import { framingFault, hasNoContent } from '../node/head/message-head.ts';
import { framingErrorFor, isCancellation } from './framing-error.ts';
import { type Exchange, exchangeFor } from './verdict-of.ts';

/** Which response a verdict is about. */
export interface CheckedRequest {
  /** Scheme, host and port of the server. */
  origin: string;
  /** As it was sent: methods have a case. */
  method: string;
  /** The request target, with its query. */
  path: string;
  statusCode: number;
}

export interface CheckOptions extends JudgingOptions {
  onVerdict: ((verdict: Verdict, request: CheckedRequest) => void) | undefined;
}

export class ResponseCheck {
  readonly #options: CheckOptions;
  readonly #request: Omit<CheckedRequest, 'statusCode'>;
  readonly #handler: object;
  #statusCode = 0;
  #exchange: Exchange | undefined;
  #verifier!: Verifier;
  /** What is wrong with the head, which undici has let pass. */
  #fault: string | undefined;
  #isConcluded = false;

  /** @param handler whom the response is for */
  constructor(options: CheckOptions, request: Omit<CheckedRequest, 'statusCode'>, handler: object) {
    this.#options = options;
    this.#request = request;
    this.#handler = handler;
  }

  /** A final head has come. @returns the value of the field that names the exchange */
  start(statusCode: number, headers: FieldPairs): readonly string[] {
    const { require, digest } = this.#options;
    const hasContent = !hasNoContent(this.#request.method, statusCode);
    this.#verifier = new Verifier({ headers, statusCode, hasContent, require, digest, createHasher });
    const codings = fieldValue(headers, 'transfer-encoding');
    const { method } = this.#request;
    this.#fault = framingFault({ method, statusCode, codings, lengths: fieldValue(headers, 'content-length') });
    this.#statusCode = statusCode;
    this.#exchange = exchangeFor(this.#handler);
    return this.#exchange.begin();
  }

  update(data: Uint8Array): void {
    this.#verifier.update(data);
  }

  /** The body has ended, as far as undici can tell. @returns what it is to be failed with all the same */
  end(rawTrailers: FieldPairs): BodyError | undefined {
    const error = this.#fault === undefined ? undefined : new FramingError('ERR_FRAMING_MALFORMED', this.#fault);
    return this.#conclude({ error, rawTrailers }).error;
  }

  /**
   * undici has given up. @returns what to hand on: the error itself if it is the caller's own doing, or if there is
   * no body that it is about
   */
  lose(error: Error, isAborted: boolean): Error {
    if (this.#exchange === undefined || this.#isConcluded) return error;
    if (isAborted || isCancellation(error)) {
      this.#settle(this.#verifier.abandon());
      return error;
    }
    if (error instanceof BodyError) {
      this.#settle(error.verdict); // another verifyInterceptor has judged it
      return error;
    }
    const { error: own = error } = this.#conclude({ error: framingErrorFor(error) });
    return own instanceof BodyError && isForRetry(this.#handler, own) ? error : own;
  }

  #conclude(framing: FramingEnd): Conclusion {
    const conclusion = this.#verifier.conclude(framing);
    this.#settle(conclusion.verdict);
    return conclusion;
  }

  #settle(verdict: Verdict): void {
    this.#isConcluded = true;
    this.#exchange!.conclude(verdict);
    const { onVerdict } = this.#options;
    const told = { ...this.#request, statusCode: this.#statusCode };
    publishVerdict(verdict, () => ({ receiver: 'undici', ...told }));
    // Apart from undici, which would take an error of the callback for one of the response.
    if (onVerdict) queueMicrotask(() => onVerdict(verdict, told));
  }
}

/** Whether the handler is undici's retry, which goes by the codes of undici's errors unless it was told ours. */
function isForRetry(handler: { retryOpts?: { errorCodes?: unknown } }, { code }: BodyError): boolean {
  const codes = handler.retryOpts?.errorCodes;
  return Array.isArray(codes) && !codes.includes(code);
}
