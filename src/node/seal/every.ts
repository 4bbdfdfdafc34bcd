/**
 * chunked-trailers/seal, imported for its effect: every response that a server of `node:http` or `node:https` makes in this
 * process is sealed. `seal(res, options)` adds options to one, `respond(res)` takes the seal off one.
 */

import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { seal } from './seal.ts';

subscribe('http.server.request.start', (message) => {
  seal((message as { response: ServerResponse }).response);
});

export { seal };
