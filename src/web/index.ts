/** chunked-trailers/web: the core on Web Streams, for browsers, workers and every runtime that has them. */
export type { DigestAlgorithm, DigestOption } from '../core/content-digest.ts';
export { FramingError, type FramingErrorCode } from '../core/errors.ts';
export type { DescribeError, FailureDescription } from '../core/failure.ts';
export type { FieldPairs, HeadFields } from '../core/fields.ts';
export { IN_CONTENT_TYPE } from '../core/in-content.ts';
export { DEFAULT_LIMITS, type Limits } from '../core/limits.ts';
export type { ExtraTrailers } from '../core/seal.ts';
export type { StreamStatus } from '../core/stream-status.ts';
export { BodyError, type BodyErrorCode, type DigestState, type Verdict } from '../core/verdict.ts';
export type { JudgingOptions, Require } from '../core/verifier.ts';
export type { CreateStreamHasher, StreamHasher } from './async-hashers.ts';
export { ChunkedDecoderStream, type ChunkedDecoderStreamOptions } from './chunked-decoder-stream.ts';
export { ChunkedEncoderStream, type ChunkedEncoderStreamOptions } from './chunked-encoder-stream.ts';
export { parseInContentType } from './in-content.ts';
export { type AskingRequest, acceptsInContent, type SealedResponseInit, sealedResponse } from './sealed-response.ts';
export { type VerifiedResponse, type VerifyResponseOptions, verifyResponse } from './verify-response.ts';
