/** respond on the ServerResponse of node:http. */
import { createServer } from 'node:http';
import { loadLibrary } from '../library.ts';
import { listen, send } from './sending.ts';

const { respond } = await loadLibrary();

await listen(createServer((request, response) => send(request.url!, () => respond(response))));
