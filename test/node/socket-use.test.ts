/** Strategy: the claims on a real socket, one after the other and at once; and an error that comes when nobody listens. */
import { expect, test } from 'vitest';
import { claimForReading, claimForWriting, guard, whenWritten } from '../../src/node/socket-use.ts';
import { closed, connection } from '../support/sockets.ts';

test('guard: late errors end no process, and one listener is enough for all of them', async () => {
  const { server } = await connection();
  const before = server.listenerCount('error');
  guard(server);
  guard(server);
  expect(server.listenerCount('error')).toBe(before + 1);
  await closed(server.destroy(new Error('late')));
});

test('one response at a time', async () => {
  const { client, server } = await connection();
  const release = claimForWriting(server);
  expect(() => claimForWriting(server)).toThrow(/Another response/);
  claimForWriting(client)();
  release();
  claimForWriting(server)();
});

test('one message at a time is read, whatever is written', async () => {
  const { server } = await connection();
  const release = claimForReading(server);
  claimForWriting(server);
  expect(() => claimForReading(server)).toThrow(/Another message/);
  release();
  claimForReading(server)();
});

test('whenWritten: at once where no response is open, else behind it', async () => {
  const { server } = await connection();
  await whenWritten(server);
  const release = claimForWriting(server);
  let isReleased = false;
  const written = whenWritten(server).then(() => isReleased);
  await new Promise((resolve) => setImmediate(resolve));
  isReleased = true;
  release();
  expect(await written).toBe(true);
});
