/**
 * Strategy: one source, piped to the response and to a copy. The client takes nothing, so that the response holds the source;
 * then it leaves, or the response is taken off the source: the copy gets all there is, in either order of the pipes.
 */

import { createServer } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../src/node/head/read-request.ts';
import type { StreamResponse } from '../../src/node/send/respond.ts';
import { respond } from '../../src/node/send/respond.ts';
import { AWARE, dial, OLD, PLAIN } from '../support/dial.ts';
import { listen, serve, settled, until } from '../support/servers.ts';

const PIECES = 400;
const PIECE = Buffer.alloc(65_536, 'x');

function many(): Readable {
  let left = PIECES;
  return new Readable({
    read() {
      this.push(left-- > 0 ? PIECE : null);
    },
  });
}

class Copy extends Writable {
  bytes = 0;

  override _write(data: Buffer, _: BufferEncoding, callback: () => void): void {
    this.bytes += data.length;
    callback();
  }
}

type Handle = (response: StreamResponse) => void;

const KINDS: [kind: string, serving: (handle: Handle) => Promise<number>][] = [
  [
    'a raw socket',
    (handle) => listen(createServer(async (socket) => handle(respond(socket, { request: await readRequest(socket) })))),
  ],
  ['node:http', async (handle) => (await serve((_, res) => handle(respond(res)))).port],
];

const LEAVING: [how: string, leave: (client: ReturnType<typeof dial>['socket'], detach: () => void) => void][] = [
  ['the client sends FIN and reads no more', (client) => void client.destroy()],
  ['the client sends RST', (client) => void client.resetAndDestroy()],
  ['the response is taken off the source', (_, detach) => detach()],
];

describe.each(KINDS)('a source with two destinations, one of them a response on %s', (_kind, serving) => {
  for (const isFirst of [true, false]) {
    describe.each(LEAVING)(`%s; the response was ${isFirst ? 'first' : 'second'}`, (_how, leave) => {
      test.each([
        ['HTTP/1.1', PLAIN],
        ['asked', AWARE],
        ['HTTP/1.0', OLD],
      ])('the copy gets all of it, %s', async (_asking, request) => {
        const copy = new Copy();
        const source = many();
        const responses: StreamResponse[] = [];
        const port = await serving((response) => {
          responses.push(response);
          if (isFirst) source.pipe(response);
          source.pipe(copy);
          if (!isFirst) source.pipe(response);
        });
        const wire = dial(port);
        wire.socket.pause();
        wire.send(request);
        await until(() => responses[0]?.writableNeedDrain === true);
        expect(await settled(() => copy.bytes)).toBeLessThan(PIECES * PIECE.length);
        leave(wire.socket, () => source.unpipe(responses[0]));
        await until(() => copy.writableFinished);
        expect(copy.bytes).toBe(PIECES * PIECE.length);
      });
    });
  }
});
