/**
 * node throughput.js: how fast the codec alone writes and reads chunks of several sizes, on one core, with no socket and no
 * digest. Data is not copied, so a large chunk costs as much as a small one. Each figure is the best of five runs;
 * bench/results.md has what the jobs of a user cost.
 */
import { Decoder, Encoder } from 'chunked-trailers/core';

const TOTAL = 64 << 20;

/** Chunks in a second, in the best of five runs. */
function rate(count, run) {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 5; turn++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return (count / best) * 1000;
}

const row = (...cells) => console.log(cells.map((cell) => cell.padStart(18)).join(''));
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

console.log(`Node ${process.version}; up to ${TOTAL >> 20} MiB in chunks of one size\n`);
row('bytes a chunk', 'written, chunks/s', 'read, chunks/s', 'read, MB/s');
for (const size of [16, 256, 4096]) {
  const data = new Uint8Array(size).fill(97);
  const count = Math.min(TOTAL / size, 200_000);
  const write = (onPiece) => {
    const encoder = new Encoder();
    for (let chunk = 0; chunk < count; chunk++) encoder.write(data).forEach(onPiece);
    encoder.end().forEach(onPiece);
  };
  let sent = 0;
  const written = rate(count, () => write((piece) => (sent += piece.length)));
  const pieces = [];
  write((piece) => pieces.push(piece));
  const octets = Buffer.concat(pieces);
  if (sent !== 5 * octets.length) throw new Error('what was written is not what is read');
  const read = rate(count, () => {
    let bytes = 0;
    const decoder = new Decoder({ onData: (content) => (bytes += content.length) });
    for (let at = 0; at < octets.length; at += 65_536) decoder.write(octets.subarray(at, at + 65_536)); // as sockets do
    if (!decoder.done || bytes !== count * size) throw new Error(`${bytes} bytes came of ${count * size}`);
  });
  row(...[size, written, read, (read * size) / 1e6].map((figure) => number.format(figure)));
}
