/** Rows of CSV from a stream of bytes, counted as they come. */
const SHOWN_ROWS = 6;

/** Adds to `progress`, and calls `onProgress(progress)` for each piece. Rejects with the error of the stream. */
export async function readRows(readable, progress, onProgress) {
  const reader = readable.getReader();
  const decoder = new TextDecoder();
  let line = '';
  let hasHeader = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (line + decoder.decode(value, { stream: true })).split('\n');
    line = lines.pop();
    if (!hasHeader && lines.length > 0) {
      lines.shift();
      hasHeader = true;
    }
    progress.bytes += value.length;
    progress.rows += lines.length;
    progress.latest = [...progress.latest, ...lines.slice(-SHOWN_ROWS)].slice(-SHOWN_ROWS);
    onProgress(progress);
  }
}

/** The fields of a line. A field may be quoted. */
export function fieldsOf(line) {
  return Array.from(line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain);
}
