/**
 * X-Stream-Status: how the sender says that its body is whole or has failed. A Structured Field Item: the Token `ok` or
 * `error` with parameters (spec-notes/x-stream-status.md).
 */
import { isTokenItem, parseItem, serializeString } from './structured-fields.ts';

export const STATUS_FIELD = 'X-Stream-Status';

/** The body is whole. */
export interface OkStatus {
  kind: 'ok';
  /** Bytes of content sent: after content coding, before chunking. */
  bytes?: number;
}

/** The body failed. */
export interface ErrorStatus {
  kind: 'error';
  /** Bytes of content sent before the failure. */
  bytes?: number;
  /** A Token: a word of RFC 9209's error registry, or `internal_error`, `source_error`, `cancelled`, `timeout`. */
  type?: string;
  /** For people. Printable ASCII, at most 256 bytes. */
  details?: string;
}

/** What X-Stream-Status says: how the sender saw its body end. */
export type StreamStatus = OkStatus | ErrorStatus;

export const MAX_DETAILS_BYTES = 256;
/** The largest Integer that a Structured Field can hold (RFC 9651 §3.3.1). */
export const MAX_STATUS_BYTES = 999_999_999_999_999;

/** Whether the text can be the `type` of an error: a Structured Field Token of at most 64 octets. */
export function isStatusType(type: string): boolean {
  // Callers in JavaScript may pass an object that is another text each time it is asked.
  return typeof type === 'string' && type.length <= 64 && isTokenItem(type);
}

/**
 * The status as a field value. `details` that are too long or not printable ASCII are shortened and escaped.
 *
 * @throws TypeError if `kind` is neither `ok` nor `error`, or `type` is no Token
 * @throws RangeError if `bytes` is not an integer from 0 to 999,999,999,999,999 (RFC 9651 §3.3.1)
 * @example
 * serializeStreamStatus({ kind: 'ok', bytes: 1048576 }); // 'ok;bytes=1048576'
 */
export function serializeStreamStatus(status: StreamStatus): string {
  if (status.kind !== 'ok' && status.kind !== 'error') {
    throw new TypeError(
      `A stream status has the kind "ok" or "error", not ${JSON.stringify((status as StreamStatus).kind)}`,
    );
  }
  let value: string = status.kind;
  if (status.bytes !== undefined) {
    if (!Number.isInteger(status.bytes) || status.bytes < 0 || status.bytes > MAX_STATUS_BYTES) {
      throw new RangeError(`bytes must be an integer from 0 to 999999999999999, not ${status.bytes}`);
    }
    value += `;bytes=${status.bytes}`;
  }
  if (status.kind === 'ok') return value;
  if (status.type !== undefined) {
    if (!isStatusType(status.type))
      throw new TypeError(`${JSON.stringify(status.type)} is not a Token (RFC 9651 §3.3.4)`);
    value += `;type=${status.type}`;
  }
  if (status.details !== undefined) value += `;details=${serializeString(toPlainDetails(status.details))}`;
  return value;
}

/**
 * Reads a field value; `undefined` if it is not a readable status. Unknown parameters are passed over and unknown types
 * kept. A parameter of the wrong type spoils an `ok`, which must be exact to be believed, and never an `error`, which
 * must not be lost.
 *
 * @example
 * parseStreamStatus('error;bytes=42;type=timeout'); // { kind: 'error', bytes: 42, type: 'timeout' }
 */
export function parseStreamStatus(value: string): StreamStatus | undefined {
  const item = parseItem(value);
  if (item?.value.type !== 'token') return undefined;
  const bytes = item.parameters.get('bytes');
  const count = bytes?.type === 'integer' && bytes.value >= 0 ? { bytes: bytes.value } : {};
  switch (item.value.value) {
    case 'ok':
      return bytes !== undefined && !('bytes' in count) ? undefined : { kind: 'ok', ...count };
    case 'error': {
      const type = item.parameters.get('type');
      const details = item.parameters.get('details');
      return {
        kind: 'error',
        ...count,
        ...(type?.type === 'token' && { type: type.value }),
        ...(details?.type === 'string' && { details: details.value }),
      };
    }
    default:
      return undefined;
  }
}

/** Any text as printable ASCII of at most 256 octets: other characters as \u escapes, a cut marked by "...". */
function toPlainDetails(text: string): string {
  let plain = '';
  for (const unit of String(text).slice(0, MAX_DETAILS_BYTES + 1)) {
    const isPrintable = unit.length === 1 && unit >= ' ' && unit <= '~';
    plain += isPrintable ? unit : `\\u{${unit.codePointAt(0)!.toString(16)}}`;
  }
  return plain.length > MAX_DETAILS_BYTES ? `${plain.slice(0, MAX_DETAILS_BYTES - 3)}...` : plain;
}
