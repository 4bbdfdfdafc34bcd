/** requestHeaders: how a client asks for the status and says that it reads trailers (spec-notes/x-stream-status.md). */

import { DIGEST_ALGORITHMS, type DigestAlgorithm, isDigestAlgorithm } from '../../core/content-digest.ts';
import { aBoolean, assertOptions, mustBe } from '../../core/options.ts';

export interface RequestHeadersOptions {
  /** The digest to ask for; `sha-256` by default, `false` for none. */
  digest?: DigestAlgorithm | false;
  /**
   * Whether to list TE in Connection, as RFC 9110 §10.1.4 demands. `false` for an HTTP stack that refuses to send the
   * field, such as the `fetch` of Node 20 and 22. `true` by default.
   */
  connection?: boolean;
}

const oneDigest = mustBe(
  `${DIGEST_ALGORITHMS.join(', ')} or false`,
  (value) => value === false || isDigestAlgorithm(value as string),
);

/**
 * The request fields of a client that checks the end of the response.
 *
 * @throws TypeError for a digest that is not supported
 * @example
 * http.get(url, { headers: { ...requestHeaders(), Accept: 'text/csv' } }, onResponse);
 */
export function requestHeaders(options: RequestHeadersOptions = {}): Record<string, string> {
  assertOptions('requestHeaders', options, { digest: oneDigest, connection: aBoolean });
  const { digest = 'sha-256', connection = true } = options;
  return {
    TE: 'trailers',
    ...(connection && { Connection: 'TE' }),
    'X-Want-Stream-Status': '?1',
    ...(digest && { 'Want-Content-Digest': `${digest}=10` }),
  };
}
