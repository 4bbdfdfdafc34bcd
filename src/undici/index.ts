/** chunked-trailers/undici: checks the end of what undici, and so fetch, receives. */
export { BodyError, type BodyErrorCode, type Verdict } from '../core/verdict.ts';
export type { Require } from '../core/verifier.ts';
export { type Interceptor, type VerifyInterceptorOptions, verifyInterceptor } from './interceptor.ts';
export type { CheckedRequest } from './response-check.ts';
export { verdictOf } from './verdict-of.ts';
