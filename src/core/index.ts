/** chunked-trailers/core: the codec and the checks without any I/O. Octets in, octets and a verdict out. */
export {
  type CreateHasher,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type Hasher,
  parseContentDigest,
  preferredDigest,
  serializeContentDigest,
} from './content-digest.ts';
export { Decoder, type DecoderOptions, decodeChunked } from './decoder.ts';
export { Encoder, encodeChunked } from './encoder.ts';
export { StreamError, type StreamErrorCode, type StreamErrorDetails } from './errors.ts';
export { type FieldPairs, mayTrail } from './fields.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export { type Require, streamErrorFor } from './outcome.ts';
export { Seal, type SealOptions } from './seal.ts';
export {
  type ErrorStatus,
  type OkStatus,
  parseStreamStatus,
  type StreamStatus,
  serializeStreamStatus,
} from './stream-status.ts';
export { type DigestState, type Evidence, type FramingError, judge, type Verdict } from './verdict.ts';
export { type FramingEnd, Verifier, type VerifierOptions } from './verifier.ts';
