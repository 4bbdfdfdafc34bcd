/** Which of the two kinds a handler is, as far as undici would take it. */
import type { ControllerHandler, Handler, LegacyHandler } from './dispatcher-api.ts';
import { LegacyAdapter } from './legacy-adapter.ts';

type Kind = { controller: ControllerHandler } | { legacy: LegacyHandler };

/**
 * undici 7 makes handlers of both kinds out of those without a controller, and they are as good as one.
 *
 * @returns undefined for a handler that undici refuses: it is to be handed on as it is. undici 7 takes one without
 *   `onResponseStart` or `onResponseData`, which is to be checked; 8 refuses it alone.
 */
export function kindOf(handler: Handler): Kind | undefined {
  const { onBodySent, onRequestSent } = handler;
  if ('onRequestStart' in handler && !(handler instanceof LegacyAdapter)) {
    const { onRequestStart, onResponseEnd, onResponseError, onResponseStart, onResponseData } = handler;
    const isTaken =
      areFunctions(onRequestStart, onResponseEnd, onResponseError) &&
      [onResponseStart, onResponseData, onBodySent, onRequestSent].every(isAbsentOrFunction);
    return isTaken ? { controller: handler } : undefined;
  }
  const { onConnect, onHeaders, onData, onComplete, onError } = handler as LegacyHandler;
  const isTaken = areFunctions(onConnect, onHeaders, onData, onComplete, onError) && isAbsentOrFunction(onBodySent);
  return isTaken ? { legacy: handler as LegacyHandler } : undefined;
}

function areFunctions(...methods: unknown[]): boolean {
  return methods.every((method) => typeof method === 'function');
}

function isAbsentOrFunction(method: unknown): boolean {
  return method === undefined || typeof method === 'function';
}
