import type { Server, ServerResponse } from 'node:http';

type Seal = (res: ServerResponse) => ServerResponse;

export const STATIC_APPS: Record<string, (seal: Seal, folder: string) => Server | Promise<Server>>;
