/**
 * Shows the first chunks of a body piece by piece, and folds the others into rows of 16, 32, 64, ... chunks: what is
 * printed grows with the logarithm of their number, and a live body still shows that it goes on. The chunk that is being
 * read is held, so that the one in which the body breaks is shown whatever its number.
 */
import type { ChunksEvent, Emit } from './event.ts';
import type { Piece } from './piece.ts';

export const SHOWN_CHUNKS = 16;

export class ChunkFold {
  readonly #emit: Emit;
  readonly #shown: number;
  #held: Piece[] = [];
  #run: ChunksEvent | undefined;
  #hasLastChunk = false;
  /** Whole chunks so far. */
  chunks = 0;

  /** @param shown how many chunks are shown piece by piece; Infinity for every one */
  constructor(emit: Emit, shown: number) {
    this.#emit = emit;
    this.#shown = shown;
  }

  /** Whether whole chunks are counted only. */
  get isFolding(): boolean {
    return this.chunks >= this.#shown && !this.#hasLastChunk;
  }

  piece(piece: Piece): void {
    if (piece.kind === 'last-chunk') {
      this.#tellRun();
      this.#hasLastChunk = true;
    }
    if (this.isFolding) this.#held.push(piece);
    else this.#emit({ type: 'piece', piece });
  }

  /** A chunk has come to its end, of `length` octets in all and `bytes` of chunk-data. */
  chunkEnd(offset: number, length: number, bytes: number, hasExtension: boolean): void {
    const isFolded = this.isFolding;
    this.chunks++;
    if (!isFolded) return;
    if (this.#held.length > 0) this.#held = [];
    const from = this.chunks;
    this.#run ??= {
      type: 'chunks',
      offset,
      length: 0,
      from,
      to: from,
      bytes: 0,
      smallest: bytes,
      largest: 0,
      extensions: 0,
    };
    const run = this.#run;
    run.to = this.chunks;
    run.length += length;
    run.bytes += bytes;
    if (bytes < run.smallest) run.smallest = bytes;
    if (bytes > run.largest) run.largest = bytes;
    if (hasExtension) run.extensions++;
    if (run.to === 2 * (run.from - 1)) this.#tellRun();
  }

  /** Nothing more is to come. */
  flush(): void {
    this.#tellRun();
    for (const piece of this.#held) this.#emit({ type: 'piece', piece });
    this.#held = [];
  }

  #tellRun(): void {
    if (this.#run !== undefined) this.#emit(this.#run);
    this.#run = undefined;
  }
}
