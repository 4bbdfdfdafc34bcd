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
/** The same where nothing is copied first: moving 4 KiB takes 150 ns, handing on one more piece 300 (measured). */
const MAX_GATHERED_IN_PLACE_BYTES = 4096;
/** Pieces up to this length are moved without a call (measured: 23 against 39 ns a chunk of 16 octets, level at 64). */
const MAX_MOVED_BYTES = 48;

/** Takes content of which only the framing matters: it is not gathered either. */
export function dropContent(): void {}

export class ContentRun {
  readonly #onData: (data: Uint8Array) => void;
  #input: Uint8Array | undefined;
  #ownsInput = false;
  #maxGatheredBytes = MAX_GATHERED_BYTES;
  /** The input from `#roomStart` on, or a copy of it. What lies behind the current run is still as it came. */
  #room: Uint8Array | undefined;
  #roomView: DataView | undefined;
  #roomStart = 0;
  /** The run, in offsets of the input. There is none while `#end` is 0. */
  #start = 0;
  #end = 0;
  #isGathered = false;

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
      this.#input = input;
      this.#start = start;
      this.#end = end;
    } else {
      this.#gather(input, start, end);
    }
  }

  /** Hands on the run. To be called before `write` returns: the input belongs to the caller. */
  flush(): void {
    if (this.#end === 0) return;
    const data = this.#isGathered
      ? this.#room!.subarray(this.#start - this.#roomStart, this.#end - this.#roomStart)
      : this.#input!.subarray(this.#start, this.#end);
    this.#end = 0;
    this.#isGathered = false;
    this.#onData(data);
  }

  /** Forgets the input. */
  release(): void {
    this.#input = undefined;
    this.#room = undefined;
    this.#roomView = undefined;
  }

  #gather(input: Uint8Array, start: number, end: number): void {
    if (this.#room === undefined) {
      this.#roomStart = this.#start;
      this.#room = this.#ownsInput ? input.subarray(this.#start) : new Uint8Array(input.subarray(this.#start));
      this.#roomView = new DataView(this.#room.buffer, this.#room.byteOffset);
    }
    const to = this.#end - this.#roomStart;
    const from = start - this.#roomStart;
    const length = end - start;
    if (length > MAX_MOVED_BYTES) this.#room.copyWithin(to, from, from + length);
    else moveDown(this.#room, this.#roomView!, from, to, length);
    this.#end += length;
    this.#isGathered = true;
  }
}

/** Moves octets to a lower place, which they may overlap. */
function moveDown(octets: Uint8Array, view: DataView, from: number, to: number, length: number): void {
  let i = 0;
  for (; i + 4 <= length; i += 4) view.setInt32(to + i, view.getInt32(from + i));
  for (; i < length; i++) octets[to + i] = octets[from + i]!;
}
