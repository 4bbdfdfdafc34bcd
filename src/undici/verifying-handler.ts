/** The handler between a dispatcher and a handler with a controller (undici 7 and 8). It adds no backpressure of its own. */
import type { Controller, ControllerHandler, FieldRecord } from './dispatcher-api.ts';
import { pairsFromRaw, pairsFromRecord, withRawField } from './fields.ts';
import type { ResponseCheck } from './response-check.ts';
import { EXCHANGE_FIELD } from './verdict-of.ts';

export class VerifyingHandler implements ControllerHandler {
  readonly #next: ControllerHandler;
  readonly #check: ResponseCheck;
  /** What the next handler has thrown. undici makes an abort of it, and that error is none of the response. */
  #thrown: unknown;
  #isFailing = false;

  constructor(next: ControllerHandler, check: ResponseCheck) {
    this.#next = next;
    this.#check = check;
  }

  onRequestStart(controller: Controller, context?: unknown): void {
    this.#next.onRequestStart?.(controller, context);
  }

  onResponseStarted(): void {
    this.#next.onResponseStarted?.();
  }

  onRequestUpgrade(...args: Parameters<NonNullable<ControllerHandler['onRequestUpgrade']>>): void {
    this.#next.onRequestUpgrade?.(...args);
  }

  onResponseStart(controller: Controller, statusCode: number, headers: FieldRecord, statusText?: string): void {
    if (statusCode < 200) {
      this.#next.onResponseStart?.(controller, statusCode, headers, statusText);
      return;
    }
    const id = this.#check.start(this.#next, statusCode, pairsFromRecord(headers));
    const { rawHeaders } = controller;
    // The fetch of undici 8 reads these.
    if (Array.isArray(rawHeaders)) controller.rawHeaders = withRawField(rawHeaders, EXCHANGE_FIELD, id);
    else if (rawHeaders) controller.rawHeaders = { ...rawHeaders, [EXCHANGE_FIELD]: id };
    try {
      this.#next.onResponseStart?.(controller, statusCode, { ...headers, [EXCHANGE_FIELD]: id }, statusText);
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  onResponseData(controller: Controller, data: Buffer): void {
    this.#check.update(data);
    try {
      this.#next.onResponseData?.(controller, data);
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  onResponseEnd(controller: Controller, trailers: FieldRecord = {}): void {
    // Over HTTP/2, undici 7 and 8 have them in one of the two places.
    const { rawTrailers } = controller;
    const hasNone = Object.keys(trailers).length === 0;
    const error = this.#check.end(hasNone && rawTrailers ? pairsFromRaw(rawTrailers) : pairsFromRecord(trailers));
    if (error === undefined) this.#next.onResponseEnd?.(controller, trailers);
    else this.#fail(controller, error);
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#isFailing) return;
    const handedOn = this.#check.lose(error, controller?.aborted === true || error === this.#thrown);
    if (handedOn === error) this.#next.onResponseError?.(controller, error);
    else this.#fail(controller, handedOn);
  }

  /**
   * A round later: an error makes undici drop what it holds, so that a reader who is waiting for data gets it first; and
   * a fetch that is told of an error in the tick of the head never settles (measured).
   */
  #fail(controller: Controller, error: Error): void {
    this.#isFailing = true;
    setImmediate(() => this.#next.onResponseError?.(controller, error));
  }

  onBodySent(data: unknown): unknown {
    return this.#next.onBodySent?.(data);
  }

  onRequestSent(): void {
    this.#next.onRequestSent?.();
  }
}
