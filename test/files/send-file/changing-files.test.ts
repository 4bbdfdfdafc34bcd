/**
 * Strategy: a client that reads no further until the file has been changed under the server, in every way; as each kind
 * of client sees it: one that has a length, one that reads trailers, and one of a part. What has been changed is far after
 * what the sockets between them can hold.
 */
import { appendFile, open, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ASKING } from '../../support/peers.ts';
import * as s from './serving.ts';

const SIZE = 24_000_000;

async function written(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write('x', at);
  await handle.close();
}

const CHANGES: [what: string, change: (file: string) => Promise<unknown>][] = [
  ['a byte at its start', (file) => written(file, 0)],
  ['a byte in its middle', (file) => written(file, SIZE / 2)],
  ['its last byte', (file) => written(file, SIZE - 1)],
  ['a byte, and its time set back', (file) => written(file, 9).then(() => utimes(file, 1, 1))],
  ['truncated', (file) => truncate(file, SIZE - 1)],
  ['truncated to nothing, and written again', (file) => writeFile(file, Buffer.alloc(SIZE, 'b'))],
  ['growing', (file) => appendFile(file, 'x')],
  ['replaced', (file) => writeFile(`${file}.new`, 'x').then(() => rename(`${file}.new`, file))],
  ['removed', (file) => rm(file)],
];

const CLIENTS: [who: string, fields: Record<string, string>][] = [
  ['has a length', {}],
  ['reads trailers', { ...ASKING }],
  ['asked for a part', { Range: `bytes=10-${SIZE - 10}` }],
];

describe.each(CLIENTS)('a client that %s', (_, fields) => {
  test.each(CHANGES)('%s: a failure', async (_, change) => {
    const file = path.join(await s.directory(), 'file.bin');
    await writeFile(file, Buffer.alloc(SIZE, 'a'));
    const { port, sent } = await s.overHttp(file);
    const message = await paused(port, fields);
    await change(file);
    const { error, bytes } = await rest(message);
    const status = String(message.trailers['x-stream-status'] ?? '');
    expect(error ?? status).toMatch(/^(?:aborted|error;bytes=\d+;type=source_error)$/);
    expect(bytes).toBeLessThan(SIZE);
    await expect(sent[0]).rejects.toThrow(/The file has (?:changed while it was being read|become shorter)/);
  });
});

test('a large file fails long before its end', async () => {
  const file = path.join(await s.directory(), 'file.bin');
  await writeFile(file, 'start');
  await truncate(file, 2 ** 40);
  const { port, sent } = await s.overHttp(file);
  const message = await paused(port, { ...ASKING });
  await written(file, 2 ** 39);
  const { bytes } = await rest(message);
  expect(bytes).toBeLessThan(50_000_000);
  expect(message.trailers['x-stream-status']).toMatch(/^error;/);
  await expect(sent[0]).rejects.toThrow('The file has changed');
});

/** The response, of which one piece has been read. */
function paused(port: number, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', headers, agent: false }, (message) => {
      message.once('readable', () => resolve(message));
    })
      .on('error', reject)
      .end();
  });
}

function rest(message: IncomingMessage): Promise<{ error: string | undefined; bytes: number }> {
  let bytes = 0;
  let error: string | undefined;
  return new Promise((resolve) => {
    message.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    message.on('error', (reason) => {
      error = reason.message;
    });
    message.on('close', () => resolve({ error, bytes }));
  });
}
