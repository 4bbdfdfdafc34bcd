/** ChunkedDecoder and ChunkedEncoder as streams, nothing announced, beside a PassThrough for the same bytes. */
import { createHash } from 'node:crypto';
import { PassThrough, Readable, type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { toChunked } from '../chunked.ts';
import { cut, makeBody } from '../fixtures.ts';
import { node } from '../library.ts';
import { Part } from '../part.ts';
import { take } from '../sink.ts';

const PIECE_BYTES = 65536;
const content = makeBody(4 * 1024 * 1024);
const pieces = cut(content, PIECE_BYTES);
const chunked = toChunked(pieces);
const reads = cut(chunked, PIECE_BYTES);

const through = (make: () => Transform, input: Buffer[]) => () => {
  const sink = new Writable({
    write(data: Buffer, _encoding, callback) {
      take(data);
      callback();
    },
  });
  return pipeline(Readable.from(input), make(), sink);
};

export const part = new Part('streams');
part.add(
  'PassThrough, 64 KiB',
  through(() => new PassThrough(), pieces),
  content,
  true,
);
part.add(
  'PassThrough and sha-256, 64 KiB',
  through(() => {
    const hash = createHash('sha256');
    return new PassThrough({
      transform(data, _encoding, callback) {
        hash.update(data);
        callback(null, data);
      },
      flush(callback) {
        hash.digest();
        callback();
      },
    });
  }, pieces),
  content,
  true,
);
part.add(
  'ChunkedDecoder, 64 KiB',
  through(() => new node.ChunkedDecoder({ headers: {} }), reads),
  content,
  true,
);
part.add(
  'ChunkedDecoder without headers, 64 KiB',
  through(() => new node.ChunkedDecoder(), reads),
  content,
  true,
);
part.rows.push(
  {
    title: 'ChunkedDecoder, chunks of 64 KiB, headers that announce nothing, beside PassThrough',
    ours: 'ChunkedDecoder, 64 KiB',
    theirs: 'PassThrough, 64 KiB',
    by: 'CPU',
    target: 3,
  },
  {
    title: 'the same without headers, where a digest may come, beside PassThrough with sha-256',
    ours: 'ChunkedDecoder without headers, 64 KiB',
    theirs: 'PassThrough and sha-256, 64 KiB',
    by: 'CPU',
  },
);
