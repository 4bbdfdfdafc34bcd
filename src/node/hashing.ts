/** The platform's hashes for the core. */
import { createHash } from 'node:crypto';
import type { CreateHasher } from '../core/content-digest.ts';

export const createHasher: CreateHasher = (algorithm) => createHash(algorithm.replace('-', ''));
