/** chunked-trailers/core: the codec and the checks without any I/O. Bytes in, bytes and a verdict out. */
export {
  type CreateHasher,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type DigestOption,
  type Hasher,
  parseContentDigest,
  preferredDigest,
  serializeContentDigest,
} from './content-digest.ts';
export { Decoder, type DecoderOptions, decodeChunked } from './decoder.ts';
export { Encoder, encodeChunked } from './encoder.ts';
export { type ErrorDetails, FramingError, type FramingErrorCode } from './errors.ts';
export { type FieldPairs, type HeadFields, mayTrail } from './fields.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export { Seal, type SealOptions } from './seal.ts';
export {
  type ErrorStatus,
  type OkStatus,
  parseStreamStatus,
  type StreamStatus,
  serializeStreamStatus,
} from './stream-status.ts';
export { BodyError, type BodyErrorCode, type DigestState, type Evidence, judge, type Verdict } from './verdict.ts';
export {
  type Conclusion,
  type FramingEnd,
  type JudgingOptions,
  type Require,
  Verifier,
  type VerifierOptions,
} from './verifier.ts';
