/** receive on a raw socket; sealed or not, as it is asked, and the verdict has to be the one for that. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { loadLibrary } from '../library.ts';
import { receiveWith } from './receiving.ts';

const { receive, requestHeaders } = await loadLibrary();

await receiveWith(async ({ port, target, isSealed }, { begin, take }) => {
  const socket = connect(port, '127.0.0.1');
  const fields = Object.entries({ Host: '127.0.0.1', ...(isSealed && requestHeaders()) });
  socket.write(`GET ${target} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  const { body } = await receive(socket, { digest: 'sha-256' });
  begin();
  body.on('data', take);
  await once(body, 'end');
  const { kind } = await body.verdict;
  if (kind !== (isSealed ? 'complete' : 'unverified')) throw new Error(`The verdict is ${kind}`);
  socket.end();
});
