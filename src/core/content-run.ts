/**
 * How chunk-data leaves the decoder. Whoever takes it pays for every piece (a push, a hash update), so consecutive
 * small pieces of one input leave together; large ones, and a small one on its own, leave as views of the input.
 *
 * To gather, the input is copied once and the pieces are moved together inside the copy: `copyWithin` makes no view, so
 * it is two to four times as fast as `set` with a subarray (measured). For the smallest pieces even its call costs more
 * than moving them here, four octets at a time. Where the input is ours they are moved in the input itself: the copy,
 * that is the fresh memory for it, is half of the cost of receiving chunks of 256 octets (measured).
 */

/**
 * Pieces up to this length are gathered (measured: from 1 KiB on, finding and handing on a view costs a third of moving
 * the octets; below, whoever takes the pieces pays more for their number).
 */
const MAX_GATHERED_BYTES = 512;
/**
 * The same where nothing is copied first (measured, for a chunk that is handed to a Readable: of 2 KiB 55 ns if it is moved,
 * 63 to 73 as a view; of 4 KiB 92 ns if it is moved, 68 to 78 as a view).
 */
const MAX_GATHERED_IN_PLACE_BYTES = 2048;
/** Pieces up to this length are moved without a call (measured: 15 against 19 ns a chunk of 16 octets, level at 32). */
const MAX_MOVED_BYTES = 32;

/** Found once: finding it on a Buffer for each piece is a tenth of decoding chunks of 256 octets (measured). */
const { copyWithin } = Uint8Array.prototype;

/** Takes content of which only the framing matters: it is not gathered either. */
export function dropContent(): void {}

export class ContentRun {
  readonly #onData: (data: Uint8Array) => void;
  #ownsInput = false;
  #maxGatheredBytes = MAX_GATHERED_BYTES;
  /** Where the run lies: in the input, or in a copy of it from `#roomStart` on. What comes after the run is as it came. */
  #room: Uint8Array | undefined;
  #roomView: DataView | undefined;
  #roomStart = 0;
  /** The run, in offsets of the input. There is none while `#end` is 0. */
  #start = 0;
  #end = 0;

  constructor(onData: (data: Uint8Array) => void) {
    this.#onData = onData;
  }

  /** Whether the next input may be written to. */
  set ownsInput(ownsInput: boolean) {
    this.#ownsInput = ownsInput;
    this.#maxGatheredBytes = ownsInput ? MAX_GATHERED_IN_PLACE_BYTES : MAX_GATHERED_BYTES;
  }

  /** The next piece of content: the octets of `input` from `start` to `end`, at least one. */
  take(input: Uint8Array, start: number, end: number): void {
    if (this.#onData === dropContent) return;
    if (end - start > this.#maxGatheredBytes) {
      this.flush();
      this.#onData(input.subarray(start, end));
    } else if (this.#end === 0) {
      this.#room ??= input;
      this.#start = start;
      this.#end = end;
    } else {
      this.#gather(input, start, end);
    }
  }

  /** Hands on the run. To be called before `write` returns: the input belongs to the caller. */
  flush(): void {
    if (this.#end === 0) return;
    const data = this.#room!.subarray(this.#start - this.#roomStart, this.#end - this.#roomStart);
    this.#end = 0;
    this.#onData(data);
  }

  /** Forgets the input. */
  release(): void {
    this.#room = undefined;
    this.#roomView = undefined;
    this.#roomStart = 0;
  }

  #gather(input: Uint8Array, start: number, end: number): void {
    if (!this.#ownsInput && this.#room === input) {
      this.#roomStart = this.#start;
      this.#room = new Uint8Array(input.subarray(this.#start));
    }
    const room = this.#room!;
    const to = this.#end - this.#roomStart;
    const from = start - this.#roomStart;
    const length = end - start;
    if (length > MAX_MOVED_BYTES) {
      copyWithin.call(room, to, from, from + length);
    } else {
      this.#roomView ??= new DataView(room.buffer, room.byteOffset);
      moveDown(room, this.#roomView, from, to, length);
    }
    this.#end += length;
  }
}

/** Moves octets to a lower place, which they may overlap. */
function moveDown(octets: Uint8Array, view: DataView, from: number, to: number, length: number): void {
  let i = 0;
  for (; i + 4 <= length; i += 4) view.setInt32(to + i, view.getInt32(from + i));
  for (; i < length; i++) octets[to + i] = octets[from + i]!;
}
