/** Content that is not chunked, of a known length or up to the end of the connection (RFC 9112 §6.3): one piece. */
import type { Emit } from './event.ts';
import { OpenPiece } from './piece.ts';

export class ContentPiece {
  readonly #emit: Emit;
  readonly #size: number | undefined;
  readonly #open: OpenPiece;
  #isShown = false;

  /** @param size its Content-Length, if there is one */
  constructor(emit: Emit, offset: number, size: number | undefined) {
    this.#emit = emit;
    this.#size = size;
    this.#open = new OpenPiece(offset);
  }

  write(input: Uint8Array): void {
    this.#open.take(input);
  }

  /** Nothing more is to come. */
  flush(): void {
    if (this.#open.length === 0 || this.#isShown) return;
    this.#isShown = true;
    const isWhole = this.#size === undefined || this.#open.length === this.#size;
    this.#emit({ type: 'piece', piece: this.#open.close('content', isWhole, this.#size) });
  }
}
