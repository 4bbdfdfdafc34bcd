/** Where our Decoder and Node's parser are known to part, by name; spec-notes/strictness.md says of each why ours is right. */

/** Node's reasons for refusing what RFC 9112 §7.1 allows, by the codes of llhttp. */
export const REFUSED_BY_NODE: ReadonlySet<string> = new Set([
  'HPE_INVALID_CHUNK_SIZE: Invalid character in chunk size',
  'HPE_STRICT: Invalid character in chunk extensions',
  'HPE_STRICT: Invalid character in chunk extensions name',
  'HPE_STRICT: Invalid character in chunk extensions value',
  'HPE_STRICT: Invalid character in chunk extensions quote value',
  "HPE_INVALID_CONTENT_LENGTH: Content-Length can't be present with Transfer-Encoding",
  'HPE_INVALID_TRANSFER_ENCODING: Invalid `Transfer-Encoding` header value',
]);

/** What we expected where we refused and Node did not. The last is taken by the build of llhttp in undici alone. */
export const TAKEN_BY_NODE_ALONE: ReadonlySet<string> = new Set([
  'the name of a chunk extension',
  'the value of a chunk extension',
  '";" or CRLF after the value of a chunk extension',
  'the end of a quoted-string in a chunk extension',
]);
