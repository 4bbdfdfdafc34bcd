/**
 * A tick's writes as one chunk, as a response sends them, without the stream around it. This is the one place in which
 * the benchmarks know how the library coalesces.
 */
import { loadCore, loadOutgoing } from './library.ts';

/** Sends a tick's writes. */
export type SendTick = (writes: readonly Uint8Array[]) => void;

/** `onOctets` gets what is to be sent; `onContent`, before, what is to be hashed, in as few pieces as there are. */
export type Coalesce = (onOctets: (octets: Uint8Array) => void, onContent?: (data: Uint8Array) => void) => SendTick;

export async function loadCoalescing(): Promise<Coalesce> {
  const [{ Encoder }, { OutgoingContent }] = await Promise.all([loadCore(), loadOutgoing()]);
  return (onOctets, onContent) => {
    const encoder = new Encoder();
    let isLarge = false;
    return (writes) => {
      const content = new OutgoingContent(isLarge);
      for (const data of writes) content.add(data);
      if (onContent !== undefined) for (const data of content.pieces()) onContent(data);
      for (const octets of content.framed(encoder)) onOctets(octets);
      isLarge = content.isLarge;
      // The sink is done with the octets: a socket would let go of them later.
      content.release();
    };
  };
}
