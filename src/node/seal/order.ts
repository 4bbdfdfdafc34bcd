/** Tells whoever seals too late: nothing else would, before a body fails. */

let isTold = false;

/** A middleware that came before the seal has replaced `write` or `end`, and may change what the seal counts. */
export function warnOfOrder(): void {
  if (isTold) return;
  isTold = true;
  process.emitWarning(
    'seal came after a middleware that has replaced res.write or res.end, as compression does. ' +
      'Good bodies get no digest, and failed ones are cut and lose their reason: call seal first',
    { code: 'CHUNKED_TRAILERS_SEAL_ORDER' },
  );
}
