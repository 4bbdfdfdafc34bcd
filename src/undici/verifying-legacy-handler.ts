/**
 * The handler between a dispatcher and a handler without a controller (undici 6, the fetch of Node 20 to 24). It adds no
 * backpressure of its own: `false` and `resume` go through.
 *
 * It has the methods of the other kind as well, in terms of its own: the dispatcher may be one of undici 8, which takes
 * no other, while the fetch that it is handed to is the one inside Node 22 or 24.
 */
import type { Abort, Controller, ControllerHandler, FieldRecord, LegacyHandler, RawFields } from './dispatcher-api.ts';
import { pairsFromRaw, rawFromRecord, withRawField } from './fields.ts';
import type { ResponseCheck } from './response-check.ts';
import { EXCHANGE_FIELD } from './verdict-of.ts';

export class VerifyingLegacyHandler implements LegacyHandler, ControllerHandler {
  readonly #next: LegacyHandler;
  readonly #check: ResponseCheck;
  #isAborted = false;
  /** What the next handler has thrown. undici makes an abort of it, and that error is none of the response. */
  #thrown: unknown;
  #isFailing = false;

  constructor(next: LegacyHandler, check: ResponseCheck) {
    this.#next = next;
    this.#check = check;
  }

  onConnect(abort: Abort, context?: unknown): void {
    const recording: Abort = (reason) => {
      this.#isAborted = true;
      abort(reason);
    };
    this.#next.onConnect?.(recording, context);
  }

  onResponseStarted(): void {
    this.#next.onResponseStarted?.();
  }

  onUpgrade(...args: Parameters<NonNullable<LegacyHandler['onUpgrade']>>): void {
    this.#next.onUpgrade?.(...args);
  }

  onHeaders(statusCode: number, rawHeaders: RawFields, resume: () => void, statusText?: string): boolean | undefined {
    if (statusCode < 200) return this.#next.onHeaders?.(statusCode, rawHeaders, resume, statusText);
    const id = this.#check.start(this.#next, statusCode, pairsFromRaw(rawHeaders));
    try {
      return this.#next.onHeaders?.(statusCode, withRawField(rawHeaders, EXCHANGE_FIELD, id), resume, statusText);
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  onData(data: Buffer): boolean | undefined {
    this.#check.update(data);
    try {
      return this.#next.onData?.(data);
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  onComplete(rawTrailers: RawFields = []): void {
    const error = this.#check.end(pairsFromRaw(rawTrailers));
    if (error === undefined) this.#next.onComplete?.(rawTrailers);
    else this.#fail(error);
  }

  onError(error: Error): void {
    if (this.#isFailing) return;
    const handedOn = this.#check.lose(error, this.#isAborted || error === this.#thrown);
    if (handedOn === error) this.#next.onError?.(error);
    else this.#fail(handedOn);
  }

  /**
   * A round later: an error makes undici drop what it holds, so that a reader who is waiting for data gets it first; and
   * a fetch that is told of an error in the tick of the head never settles (measured).
   */
  #fail(error: Error): void {
    this.#isFailing = true;
    setImmediate(() => this.#next.onError?.(error));
  }

  onBodySent(data: unknown): unknown {
    return this.#next.onBodySent?.(data);
  }

  onRequestSent(): void {
    this.#next.onRequestSent?.();
  }

  onRequestStart(controller: Controller, context?: unknown): void {
    this.onConnect((reason) => controller.abort(reason), context);
  }

  onRequestUpgrade(...[controller, statusCode, headers, socket]: ControllerUpgrade): void {
    this.onUpgrade(statusCode, rawFields(controller.rawHeaders, headers), socket);
  }

  onResponseStart(controller: Controller, statusCode: number, headers: FieldRecord, statusText?: string): void {
    const raw = rawFields(controller.rawHeaders, headers);
    if (this.onHeaders(statusCode, raw, () => controller.resume(), statusText) === false) controller.pause();
  }

  onResponseData(controller: Controller, data: Buffer): void {
    if (this.onData(data) === false) controller.pause();
  }

  onResponseEnd(controller: Controller, trailers: FieldRecord = {}): void {
    this.onComplete(rawFields(controller.rawTrailers, trailers));
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.onError(error);
  }
}

type ControllerUpgrade = Parameters<NonNullable<ControllerHandler['onRequestUpgrade']>>;

function rawFields(raw: Controller['rawHeaders'], fields: FieldRecord): RawFields {
  return Array.isArray(raw) ? raw : rawFromRecord(fields);
}
