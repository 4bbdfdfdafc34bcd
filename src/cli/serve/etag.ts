/**
 * The entity tag of a file (RFC 9110 §8.8.3), from what the file system says of it: device, inode, size, and the times of
 * its last change. The ctime is the one that counts: it moves with every write, and nobody can set it back.
 *
 * It is strong only if the file has been at rest for longer than any file system's clock ticks (2 s on FAT): a second
 * change within the same tick would show in nothing. Until then it is weak, and nothing is continued by it. A hash of the
 * content would need no such time, but a read of the whole file for every request.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';

const REST = 2_000_000_000n;

/** @param now in nanoseconds, by the clock that the file's times are by */
export function etagOf(stats: BigIntStats, now = BigInt(Date.now()) * 1_000_000n): string {
  const opaque = createHash('sha256').update(fingerprintOf(stats)).digest('base64url').slice(0, 27);
  const changed = stats.ctimeNs > stats.mtimeNs ? stats.ctimeNs : stats.mtimeNs;
  return now - changed > REST ? `"${opaque}"` : `W/"${opaque}"`;
}

/** The same only for a file that nobody has touched in between. */
export function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
