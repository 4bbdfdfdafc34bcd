/** A time written as text. The clock is that of the machine, so another process can subtract it from its own. */
export const WRITES = 5;

export function stamp(): string {
  return `<${process.hrtime.bigint().toString().padStart(20, '0')}>`;
}

/** Microseconds since each stamp in the text. */
export function agesOf(text: string, now: bigint): number[] {
  return [...text.matchAll(/<(\d{20})>/g)].map(([, time]) => Number(now - BigInt(time!)) / 1000);
}
