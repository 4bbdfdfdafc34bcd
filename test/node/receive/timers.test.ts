/**
 * The times of a receiver are bounds, not reasons to live: a process whose sockets are unref'd ends while it waits. The built
 * package, in a process of its own, with bounds far beyond the time that the test has.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { origin } from '../../support/servers.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n';
const TIMES = '{ idleTimeout: 3_600_000, totalTimeout: 3_600_000 }';

const PROGRAMS = {
  receive: (port: number) => `
    import { connect } from 'node:net';
    import { receive } from 'chunked-trailers';
    const socket = connect(${port}, '127.0.0.1');
    socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
    const { body } = await receive(socket, ${TIMES});
    body.once('data', () => { console.log('waiting'); socket.unref(); });
  `,
  verify: (port: number) => `
    import http from 'node:http';
    import { verify } from 'chunked-trailers';
    http.get({ host: '127.0.0.1', port: ${port}, agent: false }, (message) => {
      verify(message, ${TIMES}).once('data', () => { console.log('waiting'); message.socket.unref(); });
    });
  `,
};

test.each(Object.entries(PROGRAMS))('%s holds no process whose socket is unref’d', async (_, program) => {
  const port = await origin((socket) => void socket.write(HEAD));
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program(port)], { cwd: ROOT });
  expect(stdout).toBe('waiting\n');
});
