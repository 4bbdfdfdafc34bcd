/** Opens connections, some at a time, and holds each of them once it has the first octets of its response. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { answer } from '../role.ts';

const AT_ONCE = 100;

export interface Question {
  port: number;
  count: number;
}

const sockets: Socket[] = [];

async function open(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n');
  let text = '';
  while (!text.includes('hello')) text += String((await once(socket, 'data'))[0]);
  sockets.push(socket);
}

await answer(async ({ port, count }: Question) => {
  for (let left = count; left > 0; left -= AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, () => open(port)));
  }
  return { open: sockets.length };
});
