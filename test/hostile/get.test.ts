/** Strategy: what hostile peers get out of the built program's `get`: an exit code, one line, and no file. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { run, temporaryDirectory } from '../support/cli.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { rawServer, SEALED } from '../support/peers.ts';

test('a sender that is never silent and never done: --total-timeout', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const drip = setInterval(() => socket.write('1\r\na\r\n'), 20);
    socket.once('close', () => clearInterval(drip));
  });
  const { code, stderr } = await run(['get', url, '-o', 'file', '--total-timeout', '1'], { cwd });
  expect(code).toBe(21);
  expect(stderr).toMatch(
    /^error: truncated after \d+ bytes: The body was not whole after 1000 ms {2}\[ERR_BODY_TIMEOUT\]\n$/,
  );
  expect(await readdir(cwd)).toEqual([]);
});

test('--total-timeout takes a whole number, and 0 is no bound', async () => {
  const { url } = await rawServer(SEALED);
  expect(await run(['get', url, '--total-timeout', '0'])).toMatchObject({ code: 0, stdout: HELLO_WORLD });
  const { code, stderr } = await run(['get', url, '--total-timeout', 'soon']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: --total-timeout takes a whole number up to 999999, not "soon"\n/);
});

test('what comes after the response, and nobody asked for, is not in the output', async () => {
  const { url } = await rawServer(`${SEALED}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
  expect(await run(['get', url])).toMatchObject({
    code: 0,
    stdout: HELLO_WORLD,
  });
});
