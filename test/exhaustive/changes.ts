/** The damage: every way of one kind in which octets can be changed. Each gives new octets and a name for what was done. */
export interface Change {
  octets: Buffer;
  what: string;
}

type Changes = Generator<Change>;

/** Every single bit. */
export function* flips(octets: Buffer): Changes {
  for (let at = 0; at < octets.length; at++) {
    for (let bit = 0; bit < 8; bit++) yield { octets: flipped(octets, at, bit), what: `bit ${bit} of octet ${at}` };
  }
}

/** Each pair of bits, of which the first lies in octets `from` to `to`. */
export function* flipsOfTwo(octets: Buffer, from: number, to: number): Changes {
  for (let first = 8 * from; first < 8 * to; first++) {
    const once = flipped(octets, first >> 3, first & 7);
    for (let second = 0; second < 8 * octets.length; second++) {
      if (second >= 8 * from && second <= first) continue; // the same bit, or a pair that has been
      const what = `bits ${first & 7} of octet ${first >> 3}, ${second & 7} of octet ${second >> 3}`;
      yield { octets: flipped(once, second >> 3, second & 7), what };
    }
  }
}

function flipped(octets: Buffer, at: number, bit: number): Buffer {
  const changed = Buffer.from(octets);
  changed[at]! ^= 1 << bit;
  return changed;
}

/** Every range of up to `maxLength` octets lost. A read that goes missing is one of them. */
export function* losses(octets: Buffer, maxLength = octets.length): Changes {
  for (const [start, end] of ranges(octets.length, maxLength)) {
    yield {
      octets: Buffer.concat([octets.subarray(0, start), octets.subarray(end)]),
      what: `octets ${start} to ${end} lost`,
    };
  }
}

/** Every range of up to `maxLength` octets twice. */
export function* repetitions(octets: Buffer, maxLength = octets.length): Changes {
  for (const [start, end] of ranges(octets.length, maxLength)) {
    yield {
      octets: Buffer.concat([octets.subarray(0, end), octets.subarray(start)]),
      what: `octets ${start} to ${end} twice`,
    };
  }
}

function* ranges(length: number, maxLength: number): Generator<[start: number, end: number]> {
  for (let start = 0; start < length; start++) {
    for (let end = start + 1; end <= Math.min(length, start + maxLength); end++) yield [start, end];
  }
}

/** Every pair of octets exchanged that are at most `maxDistance` apart. Equal ones are left out: nothing changes. */
export function* swaps(octets: Buffer, maxDistance = octets.length): Changes {
  for (let one = 0; one < octets.length; one++) {
    for (let other = one + 1; other < Math.min(octets.length, one + 1 + maxDistance); other++) {
      if (octets[one] === octets[other]) continue;
      const changed = Buffer.from(octets);
      changed[one] = octets[other]!;
      changed[other] = octets[one]!;
      yield { octets: changed, what: `octets ${one} and ${other} exchanged` };
    }
  }
}

/** The octets in reads of `size`; every two of them exchanged, every one lost, and every one twice. */
export function* readChanges(octets: Buffer, size: number): Changes {
  const reads: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) reads.push(octets.subarray(at, at + size));
  yield* rearrangements(reads, `reads of ${size}`);
}

/** A head, chunks and an ending: every two chunks exchanged, every one lost, every one twice, the ending among them. */
export function* chunkChanges(octets: Buffer, headBytes: number): Changes {
  const head = octets.subarray(0, headBytes);
  for (const { octets: body, what } of rearrangements(chunksOf(octets.subarray(headBytes)), 'chunks')) {
    yield { octets: Buffer.concat([head, body]), what };
  }
}

function* rearrangements(parts: readonly Buffer[], name: string): Changes {
  for (let one = 0; one < parts.length; one++) {
    const part = parts[one]!;
    yield { octets: Buffer.concat(parts.toSpliced(one, 1)), what: `${name}: ${one} lost` };
    for (let place = 0; place <= parts.length; place++) {
      yield { octets: Buffer.concat(parts.toSpliced(place, 0, part)), what: `${name}: ${one} again at ${place}` };
    }
    for (let other = one + 1; other < parts.length; other++) {
      const exchanged = parts.with(one, parts[other]!).with(other, part);
      yield { octets: Buffer.concat(exchanged), what: `${name}: ${one} and ${other} exchanged` };
    }
  }
}

/** Walks over the chunks of our own encoder; the last part is the ending. */
function chunksOf(body: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = /^([1-9a-f][0-9a-f]*)\r\n/.exec(body.toString('latin1', at, at + 20));
    const end = line === null ? body.length : at + line[0].length + Number.parseInt(line[1]!, 16) + 2;
    chunks.push(body.subarray(at, end));
    if (line === null || end >= body.length) return chunks;
    at = end;
  }
}

/** Each of the values at each place. */
export function* insertions(octets: Buffer, values: Iterable<number>): Changes {
  const all = [...values];
  for (let place = 0; place <= octets.length; place++) {
    for (const value of all) {
      const changed = Buffer.allocUnsafe(octets.length + 1);
      octets.copy(changed, 0, 0, place);
      changed[place] = value;
      octets.copy(changed, place + 1, place);
      yield { octets: changed, what: `${value} put in at ${place}` };
    }
  }
}

/** Each octet overwritten by each value: all that one wrong octet can be. */
export function* replacements(octets: Buffer, values: Iterable<number>): Changes {
  const all = [...values];
  for (let at = 0; at < octets.length; at++) {
    for (const value of all) {
      if (value === octets[at]) continue;
      const changed = Buffer.from(octets);
      changed[at] = value;
      yield { octets: changed, what: `${value} in place of octet ${at}` };
    }
  }
}

/** Every beginning of one message, with every end of another behind it. */
export function* splices(one: Buffer, other: Buffer): Changes {
  for (let end = 0; end <= one.length; end++) {
    for (let start = 0; start <= other.length; start++) {
      yield {
        octets: Buffer.concat([one.subarray(0, end), other.subarray(start)]),
        what: `the first up to ${end}, the second from ${start}`,
      };
    }
  }
}

export const ALL_VALUES: readonly number[] = Array.from({ length: 256 }, (_, value) => value);
/** Those that mean something somewhere in a message, and one or two of each class that does not. */
export const MEANINGFUL = Buffer.from('\0\t\n\r !"\'(),-./0123456789:;=?@AFGTZ\\_aefgkoxz~\x7f\x80\xff', 'latin1');
