/** An older Node cannot load the program. It is the real one, but for the version that it gives. */
import { expect, test } from 'vitest';
import { MAIN, startCommand } from '../support/cli.ts';

const preload = (version: string) =>
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;

test.each([
  ['18.20.8', false],
  ['20.18.3', false],
  ['20.19.0', true],
  ['22.0.0', true],
])('Node %s: may run: %s', async (version, mayRun) => {
  const { ended } = startCommand(process.execPath, ['--import', preload(version), MAIN, '--version']);
  const { code, stdout, stderr } = await ended;
  if (mayRun) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  else expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  if (!mayRun) expect(stderr).toBe(`error: chunked-trailers needs Node 20.19 or newer, this is ${version}\n`);
});
