/** Whoever seals too late is told, once in a process: so this is a file of its own. */
import http2, { type Http2ServerResponse } from 'node:http2';
import { expect, onTestFinished, test } from 'vitest';
import { seal } from '../../../src/node/seal/seal.ts';
import { dial, LAST_CHUNK, PLAIN } from '../../support/dial.ts';
import { listenHttp2, serve } from '../../support/servers.ts';

type Write = (...args: [string]) => boolean;

function record(target: { write: unknown }): void {
  const write = target.write as Write;
  target.write = (...args: [string]) => write.apply(target, args);
}

function warningsOf(): Error[] {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  return warnings;
}

test('a seal above which a middleware stands is in order, over HTTP/2 as well', async () => {
  const warnings = warningsOf();
  const { port } = await serve((_, res) => {
    record(seal(res));
    seal(res, { digest: 'sha-512' }).end('a');
  });
  await dial(port, PLAIN).until('\r\n\r\na');
  const server = http2.createServer((_: unknown, res: Http2ServerResponse) => {
    record(res); // all of it goes by the stream
    seal(res).end('a');
  });
  const session = http2.connect(`http://127.0.0.1:${await listenHttp2(server)}`);
  for await (const _ of session.request({})) {
    // to its end
  }
  session.destroy();
  expect(warnings).toEqual([]);
});

test('a seal that comes after a middleware which has replaced write says so, once', async () => {
  const warnings = warningsOf();
  const { port } = await serve((_, res) => {
    record(res);
    seal(res).write('a');
    res.end();
  });
  for (let times = 0; times < 2; times++) await dial(port, PLAIN).until(LAST_CHUNK);
  expect(warnings).toMatchObject([
    { code: 'CHUNKED_TRAILERS_SEAL_ORDER', message: expect.stringMatching(/^seal came after .*: call seal first$/) },
  ]);
});
