/**
 * The server of the demo: a file, streamed by `pipeline` as everybody writes it, into a plain response at /plain, and into
 * `respond(res)` at /sealed. With ?fails, the source breaks in the middle of the file.
 */
import { createReadStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { respond } from '../../node/send/respond.ts';

export function origin(file: string, failAfter: number): Server {
  return createServer((req, res) => {
    const source = req.url!.endsWith('?fails') ? failing(file, failAfter) : createReadStream(file);
    const target = req.url!.startsWith('/plain') ? res : respond(res, { describeError });
    pipeline(source, target).catch(() => {}); // the failure that is to be shown, or a client that left
  });
}

async function* failing(file: string, bytes: number): AsyncGenerator<Buffer> {
  yield* createReadStream(file, { end: bytes - 1 });
  throw new Error('the disk is gone');
}

function describeError(error: unknown) {
  return { type: 'source_error', details: (error as Error).message };
}
