/**
 * Every bound on what a peer may send, with its default and the reason for the number. All lengths are in bytes.
 * The peer chooses the bytes, so each bound that guards memory or time is finite by default.
 */

export interface Limits {
  /**
   * One chunk line: chunk-size, chunk extensions and its CRLF (RFC 9112 §7.1.1 asks for a cap). Default 4096: what
   * Go's net/http allows; no known extension needs a tenth of it.
   */
  maxChunkLineBytes: number;
  /**
   * How far framing may outweigh data, over the whole body. Every chunk line counts with its length, and is allowed
   * 16 bytes plus twice the data that it announces, so one-byte chunks never add up while tiny chunks with long
   * extensions do. Default 16384: a generous head start for a body that begins with a few long extensions.
   */
  maxChunkOverheadBytes: number;
  /** The trailer section without its final CRLF. Default 16384, like Node's whole header section. */
  maxTrailerBytes: number;
  /** Field lines in the trailer section. Default 128: a seal has two, an application adds a handful. */
  maxTrailerFields: number;
  /** Content bytes of one body. Default Infinity: content is handed on as it comes and takes no memory here. */
  maxBodyBytes: number;
  /** A message head on a raw socket, up to its empty line. Default 65536: room for fat cookies and tokens. */
  maxHeadBytes: number;
  /** Field lines in a message head. Default 256: more than real servers send, few enough to look through. */
  maxHeadFields: number;
}

/** The bounds that hold where the caller gives none. */
export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  maxChunkLineBytes: 4096,
  maxChunkOverheadBytes: 16384,
  maxTrailerBytes: 16384,
  maxTrailerFields: 128,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  maxHeadBytes: 65536,
  maxHeadFields: 256,
});

/**
 * The defaults with the caller's own numbers put over them.
 *
 * @throws TypeError for a name that is not a limit, or a value that is not a number
 * @throws RangeError for a negative number or NaN
 */
export function resolveLimits(limits?: Partial<Limits>): Readonly<Limits> {
  if (limits === undefined) return DEFAULT_LIMITS;
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new TypeError(`"${name}" is not a limit; there are ${Object.keys(DEFAULT_LIMITS).join(', ')}`);
    }
    if (typeof value !== 'number') throw new TypeError(`limits.${name} must be a number, not ${typeof value}`);
    if (!(value >= 0)) throw new RangeError(`limits.${name} must be 0 or more, not ${value}`);
  }
  return { ...DEFAULT_LIMITS, ...limits };
}
