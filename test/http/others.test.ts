/**
 * Strategy: what other code does to a ServerResponse after ours has the head out or the end under way, as error handlers and
 * middleware that come late do: nothing of it reaches the wire, throws, or ends the process; the body has its own end.
 */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { ASKING, AWARE, dial, get, LAST_CHUNK, messageFrom, OLD, PLAIN, unchunk } from '../support/dial.ts';
import { type Answer, begin, serve, stuck } from '../support/servers.ts';

type Deed = (res: ServerResponse) => void;

/** The body goes on as if nothing had happened. */
const HARMLESS: [title: string, deed: Deed][] = [
  ['writeHead(500)', (res) => res.writeHead(500, { 'Content-Type': 'text/html' })],
  ['writeHead(500).flushHeaders()', (res) => res.writeHead(500).flushHeaders()],
  ['statusCode = 500', (res) => (res.statusCode = 500)],
  ['flushHeaders()', (res) => res.flushHeaders()],
  ['cork()', (res) => res.cork()], // and no uncork: the end lets it through at the latest, in Node as well
  [
    'cork() and uncork()',
    (res) => {
      res.cork();
      res.uncork();
    },
  ],
];

/** It ends a body that is not whole. */
const ENDING: [title: string, deed: Deed][] = [
  ['write', (res) => res.write('Something broke!')],
  ['end()', (res) => res.end()],
  ['end(text)', (res) => res.end('Something broke!')],
  ['writeHead(500).end(text)', (res) => res.writeHead(500).end('Something broke!')],
  ['destroy()', (res) => res.destroy()],
  ['destroy(error)', (res) => res.destroy(new Error('Something broke!'))],
  ['socket.destroy()', (res) => res.socket!.destroy()],
  ['socket.end()', (res) => res.socket!.end()],
];

async function serving(deed: Deed) {
  const source = stuck();
  const answers: Answer[] = [];
  let act = () => {};
  const { server, port } = await serve((req, res) => {
    if (req.url === '/next') return void begin(Readable.from(['next']), respond(res));
    const answer = begin(source, respond(res, { headers: { 'X-Ours': '1' } }));
    answers.push(answer);
    act = () => deed(res);
  });
  Object.assign(server, { keepAliveTimeout: 0 }); // for ever: what is closed, has been closed
  return { port, source, answers, act: () => act() };
}

describe('after the head, and before the end', () => {
  test.each(HARMLESS)('%s changes nothing of a body that goes on', async (_, deed) => {
    const { port, source, act } = await serving(deed);
    const wire = dial(port, AWARE);
    await wire.until('data');
    act();
    source.push('more');
    source.push(null);
    expect(await wire.until('\r\n\r\n')).toMatch(/^\r\n4\r\nmore\r\n0\r\nX-Stream-Status: ok;bytes=8\r\n/);
    wire.send(get('', '/next'));
    expect(unchunk(messageFrom(await wire.until(LAST_CHUNK)).body).data).toBe('next');
  });

  test('setHeader throws, as it does on any response whose head is out', async () => {
    const errors: unknown[] = [];
    const { port, source, act } = await serving((res) => {
      try {
        res.setHeader('X-Late', '1');
      } catch (error) {
        errors.push(error);
      }
    });
    const wire = dial(port, PLAIN);
    await wire.until('data');
    act();
    source.push(null);
    await wire.until(LAST_CHUNK);
    expect(errors).toMatchObject([{ code: 'ERR_HTTP_HEADERS_SENT' }]);
  });

  describe.each(ENDING)('%s ends it as a failure', (title, deed) => {
    test.each([
      ['HTTP/1.1', PLAIN],
      ['the status', ASKING],
      ['asked', AWARE],
    ])('%s', async (_, request) => {
      const { port, act, answers } = await serving(deed);
      const wire = dial(port, request);
      await wire.until('data');
      act();
      if (request === AWARE) {
        expect(await wire.until('=:\r\n\r\n')).toMatch(
          /^\r\n0\r\nX-Stream-Status: error;bytes=4;type=source_error\r\n/,
        );
        if (title.startsWith('socket.')) {
          expect(await wire.closed()).toEqual({ octets: '', end: 'FIN' });
        } else {
          wire.send(get('', '/next'));
          expect(unchunk(messageFrom(await wire.until(LAST_CHUNK)).body).data).toBe('next');
        }
      } else {
        const { octets, end } = await wire.closed();
        expect(octets).toMatch(
          request === ASKING ? /^\r\n1;x-stream-status="error;type=source_error"\r\n$/ : /^(\r\n)?$/,
        );
        expect(end).toBe('FIN');
      }
      expect(await answers[0]!.outcome).toBeInstanceOf(Error);
    });

    test('HTTP/1.0', async () => {
      const { port, act, answers } = await serving(deed);
      const wire = dial(port, OLD);
      await wire.until('data');
      act();
      expect(await wire.closed()).toEqual({ octets: '', end: 'ECONNRESET' });
      expect(await answers[0]!.outcome).toBeInstanceOf(Error);
    });
  });
});

describe('after the end', () => {
  test.each([...HARMLESS, ...ENDING.filter(([title]) => !title.startsWith('socket.'))])(
    '%s reaches nobody, and the connection goes on',
    async (_, deed) => {
      const { port, source, act, answers } = await serving(deed);
      const wire = dial(port, AWARE);
      await wire.until('data');
      answers[0]!.response.once('close', act).once('finish', act);
      source.push(null);
      expect(await wire.until('\r\n\r\n')).toMatch(/^\r\n0\r\nX-Stream-Status: ok;bytes=4\r\n/);
      act();
      wire.send(get('', '/next'));
      const { statusLine, body } = messageFrom(await wire.until(LAST_CHUNK));
      expect(statusLine).toBe('HTTP/1.1 200 OK');
      expect(unchunk(body).data).toBe('next');
    },
  );
});

describe('content has been written, and leaves at the end of the tick', () => {
  const answering = async (deed: Deed) => {
    const errors: Error[] = [];
    const { port } = await serve((_, res) => {
      const response = respond(res).on('error', (error) => errors.push(error));
      response.write('data');
      deed(res);
    });
    return { port, errors };
  };

  test.each(ENDING.filter(([title]) => !/^(socket|writeHead)/.test(title)))(
    '%s ends it as a failure, as it would a tick later',
    async (_, deed) => {
      const { port, errors } = await answering(deed);
      const asked = await dial(port, AWARE).until('=:\r\n\r\n');
      expect(messageFrom(asked).body).toMatch(
        /^4\r\ndata\r\n0\r\nX-Stream-Status: error;bytes=4;type=source_error\r\n/,
      );
      const plain = await dial(port, PLAIN).closed();
      expect(messageFrom(plain.octets).body).toBe('4\r\ndata\r\n');
      expect(errors).toHaveLength(2);
    },
  );

  test('an answer with a head of its own is sent, and whoever wrote is told', async () => {
    const { port, errors } = await answering((res) => res.writeHead(500).end('Something broke!'));
    const { statusLine, body } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(unchunk(body).data).toBe('Something broke!');
    expect(errors.map(({ message }) => message)).toEqual([
      'res.end() was ended or written to by somebody else while the body was open',
    ]);
  });
});

test('field names that objects have already are names like any other', async () => {
  const names = ['constructor', '__proto__', 'tostring', 'hasownproperty', 'valueof'];
  const late = names.map((name) => `${name}-late`).concat('__proto__', 'constructor');
  const { port } = await serve((_, res) => {
    const headers = names.map((name): [string, string] => [name, 'ours']);
    const extraTrailers = { names: late, fields: () => late.map((name): [string, string] => [name, 'late']) };
    begin(Readable.from(['ok']), respond(res, { headers, extraTrailers }));
  });
  const asked = AWARE.replace('\r\n\r\n', '\r\nconstructor: a\r\n__proto__: b\r\ntoString: c\r\n\r\n');
  const octets = await dial(port, asked).until('constructor: late\r\n\r\n');
  for (const name of names) expect(octets).toContain(`\r\n${name}: ours\r\n`);
  for (const name of late) expect(octets).toContain(`\r\n${name}: late\r\n`);
});
