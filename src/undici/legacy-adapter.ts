/**
 * Handlers without a controller (undici 6, the fetch of Node 20 to 24), checked by the one handler there is: what they are
 * told and answer is put in terms of a controller, on both sides of it. `false` and `resume` are its pause and resume.
 *
 * The adapter keeps the methods with a controller: the dispatcher may be one of undici 8, which takes no other, while the
 * fetch that it is handed to is the one inside Node 22 or 24.
 */
import type { Abort, Controller, ControllerHandler, FieldRecord, LegacyHandler, RawFields } from './dispatcher-api.ts';
import { rawFromRecord, recordFromRaw } from './fields.ts';
import type { ResponseCheck } from './response-check.ts';
import { VerifyingHandler } from './verifying-handler.ts';

export class LegacyAdapter extends VerifyingHandler implements LegacyHandler {
  #controller!: LegacyController;

  constructor(next: LegacyHandler, check: ResponseCheck) {
    super(new HandlerOfLegacy(next), check);
    // undici 7 does not tell a handler with a controller what was sent. (8 refuses a handler like this one, as it does alone.)
    if (next.onBodySent || next.onRequestSent) Object.defineProperty(this, 'onRequestStart', { value: undefined });
  }

  onConnect(abort: Abort, context?: unknown): void {
    this.#controller = new LegacyController(abort);
    super.onRequestStart(this.#controller, context);
  }

  onUpgrade(...[statusCode, rawHeaders, socket]: Parameters<NonNullable<LegacyHandler['onUpgrade']>>): void {
    this.#controller.rawHeaders = rawHeaders;
    super.onRequestUpgrade(this.#controller, statusCode, recordFromRaw(rawHeaders), socket);
  }

  onHeaders(statusCode: number, rawHeaders: RawFields, resume: () => void, statusText?: string): boolean {
    this.#controller.rawHeaders = rawHeaders;
    this.#controller.onResume = resume;
    super.onResponseStart(this.#controller, statusCode, recordFromRaw(rawHeaders), statusText);
    return !this.#controller.paused;
  }

  onData(data: Buffer): boolean {
    super.onResponseData(this.#controller, data);
    return !this.#controller.paused;
  }

  /** @param rawTrailers an object over HTTP/2, in undici 7 */
  onComplete(rawTrailers: RawFields | FieldRecord = []): void {
    this.#controller.rawTrailers = rawTrailers;
    super.onResponseEnd(this.#controller);
  }

  onError(error: Error): void {
    super.onResponseError(this.#controller, error);
  }
}

/** What a dispatcher without controllers lets a handler do. */
class LegacyController implements Controller {
  readonly #abort: Abort;
  aborted = false;
  paused = false;
  reason: unknown = null;
  rawHeaders: Controller['rawHeaders'] = null;
  rawTrailers: Controller['rawTrailers'] = null;
  onResume: (() => void) | undefined;

  constructor(abort: Abort) {
    this.#abort = abort;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.onResume?.();
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#abort(reason);
  }
}

/** Hands on to a handler without a controller. */
class HandlerOfLegacy implements ControllerHandler {
  readonly #next: LegacyHandler;

  constructor(next: LegacyHandler) {
    this.#next = next;
  }

  onRequestStart(controller: Controller, context?: unknown): void {
    this.#next.onConnect?.((reason) => controller.abort(reason), context);
  }

  onResponseStarted(): void {
    this.#next.onResponseStarted?.();
  }

  onRequestUpgrade(...[controller, statusCode, headers, socket]: ControllerUpgrade): void {
    this.#next.onUpgrade?.(statusCode, rawFields(controller.rawHeaders, headers), socket);
  }

  onResponseStart(controller: Controller, statusCode: number, headers: FieldRecord, statusText?: string): void {
    const raw = rawFields(controller.rawHeaders, headers);
    const goesOn = this.#next.onHeaders?.(statusCode, raw, () => controller.resume(), statusText);
    if (goesOn === false) controller.pause();
  }

  onResponseData(controller: Controller, data: Buffer): void {
    if (this.#next.onData?.(data) === false) controller.pause();
  }

  onResponseEnd(controller: Controller, trailers: FieldRecord = {}): void {
    this.#next.onComplete?.(controller.rawTrailers ?? rawFromRecord(trailers));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#next.onError?.(error);
  }

  onBodySent(data: unknown): unknown {
    return this.#next.onBodySent?.(data);
  }

  onRequestSent(): void {
    this.#next.onRequestSent?.();
  }
}

type ControllerUpgrade = Parameters<NonNullable<ControllerHandler['onRequestUpgrade']>>;

function rawFields(raw: Controller['rawHeaders'], fields: FieldRecord): RawFields {
  return Array.isArray(raw) ? raw : rawFromRecord((raw as FieldRecord | null | undefined) ?? fields);
}
