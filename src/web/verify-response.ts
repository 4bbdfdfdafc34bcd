/**
 * verifyResponse: a Response whose body ends only on a good verdict, for pages and workers. A sealed body that came as
 * content is decoded; of any other, what can be told is that it came to an end, and what its head announces or proves.
 */

import { brokenOff, type FramingError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import { aFunction, areLimits, assertOptions, JUDGING, mustBe, type OptionChecks } from '../core/options.ts';
import type { Verdict } from '../core/verdict.ts';
import { type JudgingOptions, Verifier } from '../core/verifier.ts';
import { assertHashing, type CreateStreamHasher, Hashers } from './async-hashers.ts';
import { ChunkedDecoderStream } from './chunked-decoder-stream.ts';
import { parseInContentType } from './in-content.ts';

export interface VerifyResponseOptions extends JudgingOptions {
  /** Makes the hasher of a digest: the Web platform has none that is incremental. */
  createHasher?: CreateStreamHasher;
  /** Of a sealed body. */
  limits?: Partial<Limits>;
}

const aResponse = mustBe(
  'a Response',
  (value) => typeof (value as Partial<Response> | null | undefined)?.headers?.get === 'function',
);
const CHECKS: OptionChecks<VerifyResponseOptions> = { ...JUDGING, createHasher: aFunction, limits: areLimits };

/** A Response that is judged. */
export type VerifiedResponse = Response & {
  /** Settles with the conclusion when the body has ended, however it did, or nobody reads it. Never rejects. */
  readonly verdict: Promise<Verdict>;
};

/**
 * The same response, with a body that errors with a BodyError unless the verdict is good. One that was sealed as content
 * has its own Content-Type and content back. With `require: 'always'`, a 2xx that is not sealed is refused. Browsers reject
 * `text()` and its like with a TypeError of their own: `verdict` tells why, as do the errors of the body's own readers.
 *
 * @throws TypeError for invalid options, or a body that is being read already
 * @example
 * const response = verifyResponse(await fetch(url, { headers: { Accept: IN_CONTENT_TYPE } }), { require: 'always' });
 * const rows = await response.text(); // rejects unless all of it has come
 */
export function verifyResponse(response: Response, options: VerifyResponseOptions = {}): VerifiedResponse {
  aResponse(response as never, 'The argument of verifyResponse');
  assertOptions('verifyResponse', options, CHECKS);
  if (response.bodyUsed || response.body?.locked)
    throw new TypeError('The body of this response is being read already');
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  const type = parseInContentType(headers.get('Content-Type'));
  const isSealed = type !== undefined && response.body !== null;
  const { readable, verdict } = isSealed ? decoded(response, options) : judged(response, options);
  if (isSealed) {
    headers.delete('Content-Length');
    headers.delete('Content-Encoding'); // fetch has decoded it
    if (type === '') headers.delete('Content-Type');
    else headers.set('Content-Type', type);
  }
  return Object.assign(new Response(readable, { status, statusText, headers }), { verdict });
}

interface Judged {
  readable: ReadableStream<Uint8Array> | null;
  verdict: Promise<Verdict>;
}

function decoded({ body, status }: Response, options: VerifyResponseOptions): Judged {
  const decoder = new ChunkedDecoderStream({ ...options, statusCode: status });
  return { readable: body!.pipeThrough(decoder), verdict: decoder.verdict };
}

function judged({ body, headers, status }: Response, options: VerifyResponseOptions): Judged {
  const { require, createHasher } = options;
  // The digest of coded content says nothing of what fetch has decoded.
  const isCoded = headers.has('Content-Encoding');
  const { digest = createHasher === undefined || isCoded ? false : 'sha-256' } = options;
  assertHashing(digest, createHasher);
  const hashers = new Hashers(createHasher);
  const verifier = new Verifier({
    require,
    digest: isCoded ? false : digest,
    headers,
    statusCode: status,
    hasContent: body !== null,
    createHasher: hashers.createHasher,
  });
  if (body === null) return { readable: null, verdict: Promise.resolve(verifier.conclude().verdict) };
  let settle!: (verdict: Verdict) => void;
  const verdict = new Promise<Verdict>((resolve) => {
    settle = resolve;
  });
  const conclude = (error?: FramingError) => {
    const conclusion = verifier.conclude({ error });
    settle(conclusion.verdict);
    return conclusion.error;
  };
  const reader = body.getReader();
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let result: Awaited<ReturnType<typeof reader.read>>;
        try {
          result = await reader.read();
        } catch (cause) {
          return controller.error(conclude(brokenOff('The response was lost', cause)));
        }
        if (!result.done) {
          verifier.update(result.value);
          return controller.enqueue(result.value);
        }
        try {
          await hashers.settle();
        } catch (error) {
          settle(verifier.abandon()); // the hasher is ours
          return controller.error(error);
        }
        const error = conclude();
        if (error === undefined) controller.close();
        else controller.error(error);
      },
      cancel(reason) {
        settle(verifier.abandon());
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { readable, verdict };
}
