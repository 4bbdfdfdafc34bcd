/** The way out for one response: what a StreamResponse needs from whatever carries its octets. */
import type { FieldPairs } from '../core/fields.ts';

/** Every callback is called exactly once, in bounded time, but for that of `write`. */
export interface Channel {
  /** Whether nothing that is sent can arrive any more. */
  readonly isGone: boolean;

  /**
   * Whether whoever is behind the channel frames the body: then content is written, not chunks, trailers go to
   * `addTrailers`, and what passes may be changed on its way.
   */
  readonly isFraming: boolean;

  /**
   * Begins the message. Octets that go before everything else are returned; there are none where somebody else writes
   * the head.
   *
   * @param isError whether the message takes the place of the one that was prepared
   */
  begin(status: number, fields: FieldPairs, isError: boolean): Uint8Array[];

  /** Sends the pieces together; `onSent` once they are with the kernel, never if the client leaves before. */
  write(pieces: readonly Uint8Array[], onSent: () => void): void;

  /** The trailer fields of a body that somebody else frames. */
  addTrailers(trailers: FieldPairs): void;

  /** Sends the end of a whole message. The connection goes on for the next request, if it may. */
  finish(pieces: readonly Uint8Array[], isPersistent: boolean, onDone: (isSent: boolean) => void): void;

  /** Sends octets that are never framed, then FIN; the lingering goes on behind `onDone`. */
  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void;

  /** Sends octets that are never framed, then RST a moment later; that goes on behind `onDone`. */
  reset(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void;
}
