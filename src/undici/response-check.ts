/** One response as it passes through a handler, of either kind: counted, hashed, judged. It holds no octets back. */
import { StreamError } from '../core/errors.ts';
import { type FieldPairs, fieldValue } from '../core/fields.ts';
import { type Require, streamErrorFor } from '../core/outcome.ts';
import type { Verdict } from '../core/verdict.ts';
import type { FramingEnd } from '../core/verifier.ts';
import { FRAMED_NO_CONTENT, isFramedNoContent } from '../node/head/message-head.ts';
import { type Judging, type Terms, termsFor } from '../node/receive/judging.ts';
import { framingErrorFor, isCancellation } from './framing-error.ts';
import { type Exchange, exchangeFor } from './verdict-of.ts';

/** Which response a verdict is about. */
export interface RequestFacts {
  /** Scheme, host and port of the server. */
  origin: string;
  /** As it was sent: methods have a case. */
  method: string;
  /** The request target, with its query. */
  path: string;
  statusCode: number;
}

export interface CheckOptions extends Judging {
  onVerdict: ((verdict: Verdict, request: RequestFacts) => void) | undefined;
}

export class ResponseCheck {
  readonly #options: CheckOptions;
  readonly #request: Omit<RequestFacts, 'statusCode'>;
  #statusCode = 0;
  #exchange: Exchange | undefined;
  #terms!: Terms;
  #isFramedNoContent = false;
  #isConcluded = false;

  constructor(options: CheckOptions, request: Omit<RequestFacts, 'statusCode'>) {
    this.#options = options;
    this.#request = request;
  }

  /**
   * A final head has come.
   *
   * @param handler whom the response is for
   * @returns the name of the exchange
   */
  start(handler: object, statusCode: number, headers: FieldPairs): string {
    const hasContent = this.#request.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
    const judging = { ...this.#options, require: requireFor(statusCode, this.#options.require) };
    this.#terms = termsFor(judging, fieldValue(headers, 'trailer'), hasContent);
    this.#isFramedNoContent = isFramedNoContent(statusCode, fieldValue(headers, 'transfer-encoding'));
    this.#statusCode = statusCode;
    this.#exchange = exchangeFor(handler);
    this.#exchange.begin();
    return this.#exchange.id;
  }

  update(data: Uint8Array): void {
    this.#terms.verifier.update(data);
  }

  /** The body has ended, as far as undici can tell. @returns what it is to be failed with all the same */
  end(rawTrailers: FieldPairs): StreamError | undefined {
    const error = this.#isFramedNoContent ? new StreamError('ERR_STREAM_MALFORMED', FRAMED_NO_CONTENT) : undefined;
    return this.#errorFor(this.#conclude({ error, rawTrailers }));
  }

  /**
   * undici has given up. @returns what to hand on: the error itself if it is the caller's own doing, or if there is
   * no body that it is about
   */
  lose(error: Error, isAborted: boolean): Error {
    if (this.#exchange === undefined || this.#isConcluded) return error;
    if (isAborted || isCancellation(error)) {
      const message = 'The receiver gave up before the body ended';
      this.#conclude({ error: new StreamError('ERR_STREAM_TRUNCATED', message, { cause: error }) });
      return error;
    }
    if (error instanceof StreamError && error.verdict !== undefined) {
      this.#settle(error.verdict); // another verifyInterceptor has judged it
      return error;
    }
    return this.#errorFor(this.#conclude({ error: framingErrorFor(error) })) ?? error;
  }

  #errorFor(verdict: Verdict): StreamError | undefined {
    const { require, isAnnounced } = this.#terms;
    return streamErrorFor(verdict, require, isAnnounced);
  }

  #conclude(framing: FramingEnd): Verdict {
    return this.#settle(this.#terms.verifier.end(framing));
  }

  #settle(verdict: Verdict): Verdict {
    this.#isConcluded = true;
    this.#exchange!.conclude(verdict);
    const { onVerdict } = this.#options;
    // Apart from undici, which would take an error of the callback for one of the response.
    if (onVerdict) queueMicrotask(() => onVerdict(verdict, { ...this.#request, statusCode: this.#statusCode }));
    return verdict;
  }
}

/**
 * What is no success is read by others: fetch and the redirect interceptor follow it, the retry interceptor asks again.
 * `always` is for what the caller will use.
 */
function requireFor(statusCode: number, require: Require): Require {
  const isSuccess = statusCode >= 200 && statusCode <= 299;
  return require === 'always' && !isSuccess ? 'announced' : require;
}
