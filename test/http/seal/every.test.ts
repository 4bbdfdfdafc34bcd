/** `import 'chunked-trailers/seal'`: once for a process, by what `node:http` publishes. */
import http from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { beforeAll, expect, test } from 'vitest';
import { seal } from '../../../src/node/seal/seal.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { AWARE, dial, LAST_CHUNK, messageFrom, PLAIN } from '../../support/dial.ts';
import { HELLO_WORLD } from '../../support/hashing.ts';
import { failing, listen, serve } from '../../support/servers.ts';
import { CHUNK, FAILED_SEAL, SEAL } from '../endings-table.ts';

beforeAll(() => import('../../../src/node/seal/every.ts'));

test('servers that know nothing of it are sealed', async () => {
  const server = http.createServer(({ url }, res) => {
    const source = url === '/fails' ? failing([HELLO_WORLD]) : Readable.from([HELLO_WORLD]);
    pipeline(source as Readable, res, () => {});
  });
  const port = await listen(server);
  const wire = dial(port, AWARE);
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + SEAL);
  wire.send(AWARE.replace('/', '/fails'));
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + FAILED_SEAL);
  wire.send(PLAIN);
  expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(CHUNK + LAST_CHUNK);
});

test('seal adds options, and respond takes it off', async () => {
  const { port } = await serve(({ url }, res) => {
    if (url === '/respond') return void pipeline(Readable.from([HELLO_WORLD]), respond(res), () => {});
    seal(res, { digest: false }).write(HELLO_WORLD);
    res.end();
  });
  const wire = dial(port, AWARE);
  expect(messageFrom(await wire.until('bytes=19\r\n\r\n')).body).toBe(
    `${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\n\r\n`,
  );
  wire.send(AWARE.replace('/', '/respond'));
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + SEAL);
});
