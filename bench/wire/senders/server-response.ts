/** node:http, as everybody uses it. */
import { createServer } from 'node:http';
import { listen, send } from './sending.ts';

await listen(createServer((request, response) => send(request.url!, () => response)));
