import type { Server } from 'node:http';

export function expressUploads(path: string): Server;
export function fastifyUploads(path: string): Promise<Server>;
