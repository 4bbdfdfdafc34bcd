/** The way out for one response: what a StreamResponse needs from whatever carries its octets. */
import type { FieldPairs } from '../../core/fields.ts';

export interface ChannelOptions {
  /** Whether the connection may go on behind a whole message. */
  isPersistent: boolean;
  /** Whether the connection is to be closed behind the message, whatever else would let it go on. */
  closes: boolean;
  /** Whether only the end of the connection tells where the body ends: nobody else may end it. */
  isDelimitedByClose: boolean;
  /** Milliseconds without an octet moving, to `onIdle` while the response is open, to its end behind; 0 for no bound. */
  idleTimeout: number;
  /** Milliseconds to go on reading after our FIN. */
  lingerTimeout: number;
  /** The client has left while the response was open. */
  onGone(): void;
  onIdle(): void;
}

/** Every callback is called exactly once, but for that of `write` when the process ends. */
export interface Channel {
  /** Whether nothing that is sent can arrive any more. */
  readonly isGone: boolean;

  /** Whether it can show the failure of a body that only the end of the connection delimits. */
  readonly canReset: boolean;

  /**
   * Whether whoever is behind the channel frames the body: then content is written, not chunks, trailers go to
   * `addTrailers`, and what passes may be changed on its way.
   */
  readonly isFraming: boolean;

  /** Whether nobody reads from a buffer any more once `write` has called back for it. */
  readonly returnsBuffers: boolean;

  /**
   * Begins the message. Octets that go before everything else are returned; there are none where somebody else writes
   * the head.
   *
   * @param isError whether the message takes the place of the one that was prepared
   */
  begin(status: number, fields: FieldPairs, isError: boolean): Uint8Array[];

  /** Sends the pieces together; `onSent` once they are with the kernel, or with an error. */
  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void;

  /** The trailer fields of a body that somebody else frames. */
  addTrailers(trailers: FieldPairs): void;

  /** Sends the end of a whole message. The connection goes on for the next request, if it may. */
  finish(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void;

  /** Sends octets that are never framed, then FIN; the lingering goes on behind `onDone`. */
  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void;

  /** Sends what is queued, then RST; `onDone` when that is over, so that nobody can send FIN before. */
  reset(onDone: (isSent: boolean) => void): void;
}
