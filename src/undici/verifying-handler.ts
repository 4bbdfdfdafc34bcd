/**
 * The handler between a dispatcher and a handler with a controller. It adds no backpressure of its own. Handlers without a
 * controller are handed to it, and dispatchers without one drive it, through legacy-adapter.ts.
 */
import type { Controller, ControllerHandler, FieldRecord } from './dispatcher-api.ts';
import { pairsFromRaw, pairsFromRecord, withRawField } from './fields.ts';
import { HeldZeros, isCompressed } from './held-zeros.ts';
import type { ResponseCheck } from './response-check.ts';
import { EXCHANGE_FIELD } from './verdict-of.ts';

export class VerifyingHandler implements ControllerHandler {
  readonly #next: ControllerHandler;
  readonly #check: ResponseCheck;
  #handedOn: HandedOnController | undefined;
  /** What the next handler has thrown. undici makes an abort of it, and that error is none of the response. */
  #thrown: unknown;
  #isFailing = false;
  /** Of a compressed body. */
  #held: HeldZeros | undefined;

  constructor(next: ControllerHandler, check: ResponseCheck) {
    this.#next = next;
    this.#check = check;
  }

  onRequestStart(controller: Controller, context?: unknown): void {
    this.#next.onRequestStart?.(this.#handOn(controller), context);
  }

  onResponseStarted(): void {
    this.#next.onResponseStarted?.();
  }

  onRequestUpgrade(controller: Controller, ...upgrade: AfterController<'onRequestUpgrade'>): void {
    this.#next.onRequestUpgrade?.(this.#handOn(controller), ...upgrade);
  }

  onResponseStart(controller: Controller, statusCode: number, headers: FieldRecord, statusText?: string): void {
    const own = this.#handOn(controller);
    own.rawHeaders = controller.rawHeaders;
    if (statusCode < 200) {
      this.#next.onResponseStart?.(own, statusCode, headers, statusText);
      return;
    }
    const pairs = pairsFromRecord(headers);
    const field = this.#check.start(statusCode, pairs);
    this.#held = isCompressed(pairs) ? new HeldZeros() : undefined;
    if (own.rawHeaders) own.rawHeaders = withRawField(own.rawHeaders, EXCHANGE_FIELD, field[0]!); // the fetch of undici 8 reads these
    const named = { ...headers, [EXCHANGE_FIELD]: field };
    this.#noting(() => this.#next.onResponseStart?.(own, statusCode, named, statusText));
  }

  onResponseData(controller: Controller, data: Buffer): void {
    this.#check.update(data);
    for (const piece of this.#held?.take(data) ?? [data]) this.#give(controller, piece);
  }

  onResponseEnd(controller: Controller, trailers: FieldRecord = {}): void {
    const own = this.#handOn(controller);
    own.rawTrailers = controller.rawTrailers;
    // Over HTTP/2, undici 7 and 8 have them in one of the two places.
    const hasNone = Object.keys(trailers).length === 0;
    const pairs = hasNone && own.rawTrailers ? pairsFromRaw(own.rawTrailers) : pairsFromRecord(trailers);
    const error = this.#check.end(pairs);
    if (error !== undefined) return this.#fail(own, error);
    for (const piece of this.#held?.release() ?? []) this.#give(controller, piece);
    this.#next.onResponseEnd?.(own, trailers);
  }

  /** @param controller none where there was no connection */
  onResponseError(controller: Controller | null | undefined, error: Error): void {
    if (this.#isFailing) return;
    const own = controller && this.#handOn(controller);
    const handedOn = this.#check.lose(error, own?.aborted === true || error === this.#thrown);
    if (handedOn === error) this.#next.onResponseError?.(own, error);
    else this.#fail(own, handedOn);
  }

  onBodySent(data: unknown): unknown {
    return this.#next.onBodySent?.(data);
  }

  onRequestSent(): void {
    this.#next.onRequestSent?.();
  }

  #give(controller: Controller, data: Buffer): void {
    this.#noting(() => this.#next.onResponseData?.(this.#handOn(controller), data));
  }

  /**
   * A round later: an error makes undici drop what it holds, so that a reader who is waiting for data gets it first; and
   * a fetch that is told of an error in the tick of the head never settles (measured).
   */
  #fail(controller: Controller | null | undefined, error: Error): void {
    this.#isFailing = true;
    setImmediate(() => this.#next.onResponseError?.(controller, error));
  }

  #noting(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  /** The same for the same controller: a redirect or a retry below has several. */
  #handOn(controller: Controller): HandedOnController {
    if (this.#handedOn?.target !== controller) this.#handedOn = new HandedOnController(controller);
    return this.#handedOn;
  }
}

type AfterController<Name extends keyof ControllerHandler> =
  Parameters<NonNullable<ControllerHandler[Name]>> extends [Controller, ...infer Rest] ? Rest : never;

/** What the next handler gets: the fields are its own, since those of the dispatcher's controller may be read-only. */
class HandedOnController implements Controller {
  readonly target: Controller;
  rawHeaders: Controller['rawHeaders'] = null;
  rawTrailers: Controller['rawTrailers'] = null;

  constructor(target: Controller) {
    this.target = target;
  }

  get aborted(): boolean {
    return this.target.aborted;
  }

  get paused(): boolean | undefined {
    return this.target.paused;
  }

  get reason(): unknown {
    return this.target.reason;
  }

  pause(): void {
    this.target.pause();
  }

  resume(): void {
    this.target.resume();
  }

  abort(reason: unknown): void {
    this.target.abort(reason);
  }
}
