/** The hashers that tests hand to Seal and Verifier: node:crypto's, not the library's own wiring of them. */
import { createHash } from 'node:crypto';
import type { CreateHasher } from '../../src/core/content-digest.ts';

export const createHasher: CreateHasher = (algorithm) => createHash(algorithm === 'sha-256' ? 'sha256' : 'sha512');

/** sha-256 of the empty content, as RFC 9530 B.2 prints it. */
export const EMPTY_SHA_256 = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:';
/** sha-256 of `HELLO_WORLD`, as RFC 9530 B.1 prints it. */
export const HELLO_WORLD = '{"hello": "world"}\n';
export const HELLO_WORLD_SHA_256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
/** sha-512 of `HELLO_WORLD`, as RFC 9530 §2 prints it. */
export const HELLO_WORLD_SHA_512 =
  'sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:';
