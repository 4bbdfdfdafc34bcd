/** The media type of a sealed chunked body that is itself content (spec-notes/in-content.md). */
export const IN_CONTENT_TYPE = 'application/vnd.chunked-trailers';
