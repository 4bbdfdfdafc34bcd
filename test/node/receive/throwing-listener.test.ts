/**
 * Strategy: what a 'data' listener throws is an uncaught exception, and the process may go on. The program runs in a process
 * of its own; its server sends the rest once that has happened.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const LARGE = `1f40\r\n${'a'.repeat(8000)}\r\n`;

/** What the listener had, and the verdict, of a chunked body that comes as these octets, one after the other. */
function receivedAlone(first: string, second: string): unknown {
  const module = (name: string) => new URL(`../../../src/node/receive/${name}.ts`, import.meta.url).href;
  const program = `
    import { connect, createServer } from 'node:net';
    import { receive } from '${module('receive')}';
    const server = createServer((socket) => {
      socket.on('error', () => {}).write('HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n');
      socket.once('data', () => socket.write(${JSON.stringify(first)}));
      process.on('uncaughtException', () => socket.end(${JSON.stringify(second)}));
    });
    server.listen(0, '127.0.0.1', async () => {
      const client = connect(server.address().port, '127.0.0.1');
      const { body } = await receive(client);
      let bytes = 0;
      const listener = (data) => {
        bytes += data.length;
        if (bytes === data.length) throw new Error('of a listener');
      };
      const ends = [];
      body.on('data', listener).on('error', ({ code }) => ends.push(code)).on('end', () => ends.push('end'));
      body.on('close', async () => {
        const { kind } = await body.verdict;
        process.stdout.write(JSON.stringify({ bytes, kind, ends }), () => process.exit());
      });
      client.write('go on');
    });
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

test.each([
  ['a run of small chunks', '3\r\nabc\r\n', '3\r\nxyz\r\n0\r\n\r\n', 3],
  ['one of several large chunks', LARGE + LARGE, '0\r\n\r\n', 8000],
  ['the last chunk of a body', '3\r\nabc\r\n0\r\n\r\n', 'HTTP/1.1', 3],
])('a listener that throws at %s: the body is truncated', (_, first, second, bytes) => {
  expect(receivedAlone(first, second)).toEqual({ bytes, kind: 'truncated', ends: ['ERR_BODY_TRUNCATED'] });
});
