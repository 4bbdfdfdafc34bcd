/** verifyInterceptor: a dispatcher whose response bodies end only on a good verdict. */

import { algorithmsOf } from '../core/content-digest.ts';
import { aFunction, assertOptions, JUDGING } from '../core/options.ts';
import type { Verdict } from '../core/verdict.ts';
import type { JudgingOptions } from '../core/verifier.ts';
import { askingHeaders } from './asking.ts';
import type { Dispatch, DispatchOptions, Handler } from './dispatcher-api.ts';
import { kindOf } from './handler-kind.ts';
import { LegacyAdapter } from './legacy-adapter.ts';
import { type CheckedRequest, ResponseCheck } from './response-check.ts';
import { VerifyingHandler } from './verifying-handler.ts';

export interface VerifyInterceptorOptions extends JudgingOptions {
  /**
   * Called with every verdict, those of redirected and retried responses among them. What it throws is an uncaught
   * exception.
   */
  onVerdict?: (verdict: Verdict, request: CheckedRequest) => void;
}

/** An interceptor of any version of undici: from a dispatch function to one of the same type. */
export type Interceptor = <D extends (options: never, handler: never) => unknown>(dispatch: D) => D;

/**
 * For `new Agent().compose(verifyInterceptor())`, first of all interceptors: it must see the bytes as they came, and
 * each response by itself. It asks for the status, and what `request`, `stream`, `pipeline` and `fetch` then give of
 * a body fails with a BodyError (in fetch, some versions have it as the `cause`) unless the verdict is good. undici's
 * `retry`, right after it, is told of a cut by undici's own error, and resumes by its own `errorCodes`.
 *
 * `require: 'always'` is asked of responses of status 2xx; of others, `announced`.
 *
 * @throws TypeError for invalid options
 * @example
 * const dispatcher = new Agent().compose(verifyInterceptor({ require: 'always' }));
 * const response = await fetch(url, { dispatcher });
 * await response.text(); // rejects unless the body is whole
 */
export function verifyInterceptor(options: VerifyInterceptorOptions = {}): Interceptor {
  assertOptions('verifyInterceptor', options, { ...JUDGING, onVerdict: aFunction });
  const { require, digest = 'sha-256', onVerdict } = options;
  const [wanted = false] = algorithmsOf(digest);

  const intercept = (dispatch: Dispatch) => (request: DispatchOptions, handler: Handler) => {
    // What becomes of an upgrade or a tunnel is not content, and undici says what is wrong with the rest.
    const isMessage = isObject(request) && isObject(handler) && !request.upgrade && request.method !== 'CONNECT';
    const kind = isMessage ? kindOf(handler) : undefined;
    if (kind === undefined) return dispatch(request, handler);
    const { origin = '', method, path } = request;
    const check = new ResponseCheck({ require, digest, onVerdict }, { origin: String(origin), method, path }, handler);
    const asking = { ...request, headers: askingHeaders(request.headers, wanted) };
    if ('controller' in kind) return dispatch(asking, new VerifyingHandler(kind.controller, check));
    // As undici 8 has it: handlers of this kind know no HTTP/2.
    return dispatch({ ...asking, allowH2: false }, new LegacyAdapter(kind.legacy, check));
  };
  return intercept as unknown as Interceptor;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
