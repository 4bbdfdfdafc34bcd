import type { RequestListener, ServerResponse } from 'node:http';

export function staticApp(seal: (res: ServerResponse) => ServerResponse, folder: string): RequestListener;
