/**
 * The ways in which content becomes a message body, as one shape: the twin of the receiving side's BodyReader. Each gives
 * the octets to be sent, in order; none knows where they go.
 */
import { Encoder } from '../../core/encoder.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { copyOctets } from '../../core/grammar.ts';
import type { ErrorStatus } from '../../core/stream-status.ts';
import type { OutgoingContent } from './outgoing-content.ts';

export interface BodyWriter {
  /** The octets that carry this content. */
  write(content: OutgoingContent): Uint8Array[];
  /** The octets that end a whole body, or one that failed and says so in its trailers. */
  end(trailers: FieldPairs): Uint8Array[];
  /** The octets that tell the reason of a failure before the connection is closed; none where there is no place for it. */
  abort(status: ErrorStatus): Uint8Array[];
}

/** Who frames a body that is written as it is. */
export interface Framer {
  /** Whether it sends chunks, so that an abort line can come after them. */
  readonly sendsChunks: boolean;
  addTrailers(trailers: FieldPairs): void;
}

/** Chunks (RFC 9112 §7.1). */
export class ChunkedWriter implements BodyWriter {
  readonly #encoder = new Encoder();

  write(content: OutgoingContent): Uint8Array[] {
    return content.framed(this.#encoder);
  }

  /** Octets that are content already, as one chunk. */
  writeOctets(octets: readonly Uint8Array[]): Uint8Array[] {
    return this.#encoder.writeAll(octets);
  }

  end(trailers: FieldPairs): Uint8Array[] {
    return this.#encoder.end(trailers);
  }

  abort(status: ErrorStatus): Uint8Array[] {
    return this.#encoder.abort(status);
  }
}

/** Content as it is: the end of the connection tells its length, or somebody else frames it. */
export class PlainWriter implements BodyWriter {
  readonly #framer: Framer | undefined;

  /** @param framer who frames the body, if somebody does */
  constructor(framer?: Framer) {
    this.#framer = framer;
  }

  write(content: OutgoingContent): Uint8Array[] {
    return content.pieces();
  }

  end(trailers: FieldPairs): Uint8Array[] {
    if (trailers.length > 0) this.#framer?.addTrailers(trailers);
    return [];
  }

  abort(status: ErrorStatus): Uint8Array[] {
    return this.#framer?.sendsChunks ? new Encoder().abort(status) : [];
  }
}

/**
 * Content whose length is in the head. With its last octet the message is whole, whatever follows: so that waits for the
 * end, before which the source may still fail.
 */
export class LengthWriter implements BodyWriter {
  #left: number;
  #last: Uint8Array[] = [];

  constructor(length: number) {
    this.#left = length;
  }

  write(content: OutgoingContent): Uint8Array[] {
    const pieces = content.pieces();
    this.#left -= content.size;
    if (this.#left > 0) return pieces;
    const piece = pieces.at(-1)!;
    const end = piece.length - 1;
    this.#last = [copyOctets(piece, end)]; // the piece may be memory that is used again
    return end === 0 ? pieces.slice(0, -1) : [...pieces.slice(0, -1), piece.subarray(0, end)];
  }

  end(): Uint8Array[] {
    return this.#last;
  }

  abort(): Uint8Array[] {
    return [];
  }
}

/** The message has no body: content goes nowhere (RFC 9112 §6.3). */
export class NoWriter implements BodyWriter {
  write(): Uint8Array[] {
    return [];
  }

  end(): Uint8Array[] {
    return [];
  }

  abort(): Uint8Array[] {
    return [];
  }
}

/** The chunked body with its seal is itself the content (spec-notes/in-content.md), in the framing around it. */
export class InContentWriter implements BodyWriter {
  readonly #inner = new ChunkedWriter();
  readonly #outer: ChunkedWriter | undefined;

  /** @param outer undefined where the octets of the inner body are sent as they are */
  constructor(outer: ChunkedWriter | undefined) {
    this.#outer = outer;
  }

  write(content: OutgoingContent): Uint8Array[] {
    return this.#wrapped(this.#inner.write(content));
  }

  end(trailers: FieldPairs): Uint8Array[] {
    return [...this.#wrapped(this.#inner.end(trailers)), ...(this.#outer?.end([]) ?? [])];
  }

  abort(status: ErrorStatus): Uint8Array[] {
    return this.#wrapped(this.#inner.abort(status));
  }

  #wrapped(octets: Uint8Array[]): Uint8Array[] {
    return this.#outer === undefined ? octets : this.#outer.writeOctets(octets);
  }
}
