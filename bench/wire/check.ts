/** Whether what came over the wire is what was asked for. */
import { digestOf, type Load, octetsOf, targetOf } from './load.ts';

export interface Checked {
  octets: number;
  /** In base64. */
  sha256: string;
  /** Where a sealed message came. */
  trailers?: Record<string, string>;
}

/** Pieces enough for every buffer in the way to fill up and drain. */
export function checkLoad(size: Load['size'], octets = 2 ** 21): Load {
  return { size, count: size === 'trace' ? 700 : Math.max(3, Math.floor(octets / size)) };
}

/** Throws if it is not. @param isSealed whether a status and a digest have to be in the trailers */
export function assertRight(name: string, load: Load, { octets, sha256, trailers }: Checked, isSealed: boolean): void {
  const wanted = octetsOf(load);
  const what = `${name}, ${targetOf(load)}`;
  if (octets !== wanted) throw new Error(`${what}: ${octets} octets of content came, not ${wanted}`);
  if (sha256 !== digestOf(load)) throw new Error(`${what}: the content is not what was written`);
  if (trailers === undefined) return;
  const expected = isSealed
    ? { 'x-stream-status': `ok;bytes=${wanted}`, 'content-digest': `sha-256=:${sha256}:` }
    : ({} as Record<string, string>);
  if (JSON.stringify(trailers) !== JSON.stringify(expected)) {
    throw new Error(`${what}: the trailers are ${JSON.stringify(trailers)}, not ${JSON.stringify(expected)}`);
  }
}
