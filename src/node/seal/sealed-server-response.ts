/** The response class of a server whose responses are all sealed, below every middleware. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { seal } from './seal.ts';

/**
 * For the `ServerResponse` option of `createServer`: each response is sealed from the start. `seal(res, options)` adds
 * options to one.
 *
 * @example
 * http.createServer({ ServerResponse: SealedServerResponse }, app).listen(8080);
 */
export class SealedServerResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** @param args what `node:http` gives */
  constructor(...args: ConstructorParameters<typeof ServerResponse<Request>>) {
    super(...args);
    seal(this);
  }
}
