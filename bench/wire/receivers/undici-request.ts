/** undici.request. */
import { once } from 'node:events';
import { request } from 'undici';
import { receiveWith } from './receiving.ts';

await receiveWith(async ({ port, target }, { begin, take }) => {
  const { body } = await request(`http://127.0.0.1:${port}${target}`);
  begin();
  body.on('data', take);
  await once(body, 'end');
});
