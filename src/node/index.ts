/** chunked-trailers: the core on Node's sockets and streams. */
export {
  type DigestAlgorithm,
  type DigestOption,
  parseContentDigest,
  serializeContentDigest,
} from '../core/content-digest.ts';
export { decodeChunked } from '../core/decoder.ts';
export { encodeChunked } from '../core/encoder.ts';
export { FramingError, type FramingErrorCode, HeadError, type HeadErrorCode } from '../core/errors.ts';
export type { DescribeError, FailureDescription } from '../core/failure.ts';
export type { FieldPairs, HeadFields } from '../core/fields.ts';
export { DEFAULT_LIMITS, type Limits } from '../core/limits.ts';
export type { ExtraTrailers } from '../core/seal.ts';
export { parseStreamStatus, type StreamStatus, serializeStreamStatus } from '../core/stream-status.ts';
export { BodyError, type BodyErrorCode, type DigestState, type Verdict } from '../core/verdict.ts';
export type { JudgingOptions, Require } from '../core/verifier.ts';
export { ChunkedDecoder, type ChunkedDecoderOptions } from './chunked-decoder.ts';
export { ChunkedEncoder, type ChunkedEncoderOptions } from './chunked-encoder.ts';
export type { BodyFacts, BodyVerdict, Receiver, ResponseEnd, ResponseFailed, ResponseStart } from './diagnostics.ts';
export { type DrainableServer, type DrainOptions, drain } from './drain.ts';
export type { HeaderFields, RequestHead, ResponseHead } from './head/message-head.ts';
export { type ReadRequestOptions, readRequest } from './head/read-request.ts';
export { type RequestHeadersOptions, requestHeaders } from './head/request-headers.ts';
export { type ReceivedResponse, type ReceiveOptions, receive } from './receive/receive.ts';
export type { ReceivedBody } from './receive/received-body.ts';
export { type VerifyOptions, verify } from './receive/verify.ts';
export { type RelayOptions, relay } from './relay.ts';
export { type SealingOptions, seal } from './seal/seal.ts';
export { SealedServerResponse } from './seal/sealed-server-response.ts';
export { acceptsInContent } from './send/in-content.ts';
export type { RequestFacts } from './send/negotiation.ts';
export { type Ending, type RespondOptions, type RespondTarget, respond, type StreamResponse } from './send/respond.ts';
export type { ErrorResponse, HeadersOption } from './send/response-head.ts';
