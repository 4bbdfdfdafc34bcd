/** Asks the servers in turn, and tells how long each write was under way, in microseconds. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { answer } from '../role.ts';
import { agesOf, WRITES } from './stamp.ts';

export interface Question {
  /** By the name of the server. */
  ports: Record<string, number>;
  rounds: number;
}

export interface Ages {
  first: number[];
  /** Of the writes behind the first one. */
  later: number[];
}

async function get(port: number): Promise<number[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const ages: number[] = [];
  let tail = '';
  socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  for await (const data of socket) {
    const now = process.hrtime.bigint();
    const text = data.toString('latin1');
    ages.push(...agesOf(text, now));
    tail = (tail + text).slice(-5);
    if (tail === '0\r\n\r\n') break;
  }
  if (ages.length !== WRITES) throw new Error(`${ages.length} of ${WRITES} stamps came whole`);
  return ages;
}

await answer(async ({ ports, rounds }: Question) => {
  const entries = Object.entries(ports);
  const ages = new Map(entries.map(([name]): [string, Ages] => [name, { first: [], later: [] }]));
  for (let round = 0; round < rounds; round++) {
    const start = round % entries.length;
    for (const [name, port] of [...entries.slice(start), ...entries.slice(0, start)]) {
      const [first, ...later] = await get(port);
      ages.get(name)!.first.push(first!);
      ages.get(name)!.later.push(...later);
    }
  }
  return Object.fromEntries(ages);
});
