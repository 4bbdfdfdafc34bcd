/** Applications by name: each gives a server that does not listen yet. */
import type { Server } from 'node:http';

export const SEALED_SUBJECTS: Record<string, () => Promise<Server>>;
