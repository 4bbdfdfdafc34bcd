/**
 * Strategy: respond() over real sockets, a raw one and one of node:http, read by a client that sees the octets: a
 * tick's writes are one chunk, and nothing waits longer than a tick.
 */
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRequest } from '../../../../src/node/head/read-request.ts';
import { respond, type StreamResponse } from '../../../../src/node/send/respond.ts';
import { listen } from '../../../support/servers.ts';
import { connection } from '../../../support/sockets.ts';
import { Wire } from '../../../support/wire.ts';
import { messageFrom, OLD, PLAIN } from '../answering.ts';
import { turn } from './streams.ts';

describe('respond()', () => {
  const chunks = (body: string) => body.split('\r\n').filter((_, at) => at % 2 === 1);

  /** The response, what its client sees, and how many octets the socket has been handed. */
  type Opened = { response: StreamResponse; wire: Wire; handed: () => number };

  async function onSocket(request = PLAIN): Promise<Opened> {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send(request);
    const response = respond(server, { request: await readRequest(server) });
    return { response, wire, handed: () => server.bytesWritten };
  }

  async function onServer(request = PLAIN): Promise<Opened> {
    const server = http.createServer();
    const port = await listen(server);
    const client = connect(port, '127.0.0.1');
    onTestFinished(() => void client.destroy());
    const wire = new Wire(client);
    wire.send(request);
    const [, res] = (await once(server, 'request')) as [http.IncomingMessage, http.ServerResponse];
    return { response: respond(res), wire, handed: () => res.socket!.bytesWritten };
  }

  describe.each([
    ['a raw socket', onSocket],
    ['node:http', onServer],
  ])('on %s', (_, open) => {
    test('RFC 9112 §7.1: what is written in one tick is one chunk, the next tick’s another', async () => {
      const { response, wire } = await open();
      const tokens = (from: string) => Array.from({ length: 100 }, (_, at) => `${from}${at} `);
      const sent: string[] = [];
      for (const from of ['first', 'second', 'third']) {
        for (const token of tokens(from)) response.write(token);
        sent.push(tokens(from).join(''));
        await new Promise<void>((resolve) => response.write('', () => resolve()));
      }
      response.end();
      const { body } = messageFrom(await wire.until('\r\n0\r\n\r\n'));
      expect(chunks(body).filter((chunk) => chunk !== '')).toEqual(sent);
    });

    test('nothing waits longer than a tick: the next round of the event loop finds it with the socket', async () => {
      const { response, handed, wire } = await open();
      for (const token of ['one', 'two', 'three', 'four']) {
        const before = handed();
        response.write(token);
        await turn();
        expect(handed()).toBeGreaterThanOrEqual(before + token.length);
        await wire.until(token);
      }
      response.end();
    });

    test('a client has the first token while the response waits for the second', async () => {
      const { response, wire } = await open();
      response.write('first');
      await wire.until('5\r\nfirst\r\n');
      response.write('second');
      await wire.until('6\r\nsecond\r\n');
      response.end();
      await wire.until('0\r\n\r\n');
    });

    test('end(chunk) goes with what was written in its tick', async () => {
      const { response, wire } = await open();
      response.write('a');
      response.write('b');
      response.end('c');
      expect(messageFrom(await wire.until('0\r\n\r\n')).body).toBe('3\r\nabc\r\n0\r\n\r\n');
    });

    test('cork() holds it for as long as the application likes', async () => {
      const { response, wire, handed } = await open();
      response.cork();
      const before = handed();
      for (const token of ['a', 'b', 'c']) {
        response.write(token);
        await turn();
      }
      expect(handed()).toBe(before);
      response.uncork();
      await wire.until('3\r\nabc\r\n');
      response.end();
    });

    test.each([
      ['text', ''],
      ['data', new Uint8Array(0)],
    ])('HTTP/1.0: empty %s does not commit the head, so that a failure is an error response', async (_, empty) => {
      for (const isSent of [true, false]) {
        const { response, wire } = await open(OLD);
        response.on('error', () => {});
        if (isSent) await new Promise<void>((resolve) => response.write(empty, () => resolve()));
        else response.write(empty);
        response.destroy(new Error('the disk is gone'));
        const { octets } = await wire.closed();
        expect(octets.split('\r\n')[0]).toMatch(/^HTTP\/1\.1 500 /);
      }
    });
  });
});
