/** http.get. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { receiveWith } from './receiving.ts';

await receiveWith(async ({ port, target }, { begin, take }) => {
  const [response] = (await once(get({ host: '127.0.0.1', port, path: target }), 'response')) as [IncomingMessage];
  begin();
  response.on('data', take);
  await once(response, 'end');
});
