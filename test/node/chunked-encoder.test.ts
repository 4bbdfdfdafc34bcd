/**
 * Strategy: what a ChunkedEncoder writes, octet for octet and with the digests that RFC 9530 prints; both failures; and
 * that it neither holds nor hurries its neighbours.
 */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { ChunkedEncoder, type ChunkedEncoderOptions } from '../../src/node/chunked-encoder.ts';
import { feed, outcome } from '../support/coding.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';
import { closed } from '../support/sockets.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const ERROR = new Error('secret');

async function encoded(options: ChunkedEncoderOptions = {}, pieces: string[] = [HELLO_WORLD]): Promise<string> {
  const encoder = new ChunkedEncoder(options);
  const result = outcome(encoder);
  await feed(encoder, pieces);
  const { data, error, hasEnded } = await result;
  expect({ error, hasEnded }).toEqual({ error: undefined, hasEnded: true });
  return data;
}

describe('RFC 9112 §7.1: a good body', () => {
  test.each<[string, ChunkedEncoderOptions, string]>([
    ['sealed', {}, `X-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n`],
    [
      'with another digest',
      { digest: 'sha-512' },
      `X-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_512}\r\n`,
    ],
    [
      'with two digests',
      { digest: ['sha-256', 'sha-512'] },
      `X-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}, ${HELLO_WORLD_SHA_512}\r\n`,
    ],
    ['without a digest', { digest: false }, 'X-Stream-Status: ok;bytes=19\r\n'],
    ['without a status, which has the digest with it', { seal: false }, ''],
    [
      'with further trailers',
      { digest: false, extraTrailers: { names: ['A'], fields: () => [['A', 'b']] } },
      'X-Stream-Status: ok;bytes=19\r\nA: b\r\n',
    ],
    ['with those alone', { seal: false, extraTrailers: { names: ['A'], fields: () => [['A', 'b']] } }, 'A: b\r\n'],
  ])('%s', async (_, options, trailers) => {
    expect(await encoded(options)).toBe(`${CHUNK}0\r\n${trailers}\r\n`);
  });

  test('an empty one', async () => {
    expect(await encoded({ seal: false }, [])).toBe('0\r\n\r\n');
    expect(await encoded({ digest: false }, ['', ''])).toBe('0\r\nX-Stream-Status: ok;bytes=0\r\n\r\n');
  });

  test('in several writes', async () => {
    const data = await encoded({ seal: false }, ['he', '', 'llo']);
    expect(data.replaceAll(/[1-5]\r\n([helo]+)\r\n/g, '$1')).toBe('hello0\r\n\r\n');
  });

  test('strings are content in their encoding', async () => {
    const encoder = new ChunkedEncoder({ seal: false });
    const result = outcome(encoder);
    encoder.write('\u00e9', 'utf8');
    encoder.end('ff', 'hex');
    expect((await result).data).toBe('2\r\n\xc3\xa9\r\n1\r\n\xff\r\n0\r\n\r\n');
  });
});

describe('fail', () => {
  const failed = async (options: ChunkedEncoderOptions, fail: (encoder: ChunkedEncoder) => void) => {
    const encoder = new ChunkedEncoder(options);
    const result = outcome(encoder);
    fail(encoder);
    const { data, error, hasEnded } = await result;
    expect({ error, hasEnded }).toEqual({ error: undefined, hasEnded: true });
    return data;
  };
  const failing = (encoder: ChunkedEncoder) => {
    encoder.write(HELLO_WORLD);
    expect(encoder.fail(ERROR)).toBe(true);
  };

  test('RFC 9112 §8: an abort chunk, and the readable side ends', async () => {
    expect(await failed({}, failing)).toBe(`${CHUNK}1;x-stream-status="error;type=source_error"\r\n`);
    expect(await failed({ seal: false }, failing)).toBe(`${CHUNK}1;x-stream-status="error;type=source_error"\r\n`);
  });

  test('RFC 9112 §7.1.2: a clean failure, for a recipient that is known to read it', async () => {
    expect(await failed({ cleanFailure: true }, failing)).toBe(
      `${CHUNK}0\r\nX-Stream-Status: error;bytes=19;type=source_error\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`,
    );
  });

  test('behind all that has been written and is waiting', async () => {
    const encoder = new ChunkedEncoder({ cleanFailure: true, digest: false });
    for (let at = 0; at < 100_000; at++) encoder.write('x');
    encoder.fail(ERROR);
    const { data } = await outcome(encoder);
    expect(data.replaceAll(/1\r\nx\r\n/g, 'x')).toBe(
      `${'x'.repeat(100_000)}0\r\nX-Stream-Status: error;bytes=100000;type=source_error\r\n\r\n`,
    );
  });

  test('says what describeError says, and extra trailers are not asked for', async () => {
    const describeError = (error: unknown) => ({ type: 'timeout', details: `${error === ERROR}` });
    const extraTrailers = { names: ['A'], fields: () => expect.fail('the body has failed') };
    expect(await failed({ describeError, extraTrailers }, failing)).toBe(
      `${CHUNK}1;x-stream-status="error;type=timeout;details=\\"true\\""\r\n`,
    );
  });

  test('of a body that has ended is false, and changes nothing', async () => {
    const encoder = new ChunkedEncoder({ seal: false });
    const result = outcome(encoder);
    encoder.end('hello');
    expect((await result).data).toBe('5\r\nhello\r\n0\r\n\r\n');
    expect(encoder.fail(ERROR)).toBe(false);
  });

  test('of a stream that is destroyed is false', async () => {
    const encoder = new ChunkedEncoder();
    await closed(encoder.destroy());
    expect(encoder.fail(ERROR)).toBe(false);
  });

  test('twice: the first counts', async () => {
    const failTwice = (encoder: ChunkedEncoder) => {
      expect(encoder.fail(null)).toBe(true);
      encoder.fail(ERROR);
    };
    expect(await failed({}, failTwice)).toBe('1;x-stream-status="error;type=cancelled"\r\n');
  });
});

describe('errors', () => {
  test.each<[string, ChunkedEncoderOptions]>([
    ['a digest that is not known', { digest: 'md5' as 'sha-256' }],
    ['RFC 9110 §6.5.1: a trailer that may not trail', { extraTrailers: { names: ['Host'], fields: () => [] } }],
    ['a clean failure that nobody could see', { cleanFailure: true, seal: false }],
  ])('at once: %s', (_, options) => {
    expect(() => new ChunkedEncoder(options)).toThrow(TypeError);
  });

  test('RFC 9110 §6.6.2: a trailer that was not announced destroys the stream, without an end', async () => {
    const encoder = new ChunkedEncoder({ extraTrailers: { names: ['A'], fields: () => [['B', 'c']] } });
    const result = outcome(encoder);
    encoder.end('a');
    const { data, error, hasEnded } = await result;
    expect(error).toBeInstanceOf(TypeError);
    expect({ data, hasEnded }).toEqual({ data: '1\r\na\r\n', hasEnded: false });
  });
});

describe('backpressure', () => {
  test('a sink that takes nothing holds the source', async () => {
    let pulled = 0;
    const source = new Readable({
      read() {
        this.push(++pulled <= 1000 ? Buffer.alloc(4096) : null);
      },
    });
    let take = () => {};
    let bytes = 0;
    const sink = new Writable({
      highWaterMark: 1,
      write(data, _, callback) {
        bytes += data.length;
        take = callback;
      },
    });
    const done = pipeline(source, new ChunkedEncoder({ seal: false }), sink);
    for (let round = 0; round < 100; round++) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBeLessThan(100);
    sink._write = (data, _, callback) => {
      bytes += data.length;
      callback();
    };
    take();
    await done;
    expect(bytes).toBe(1000 * ('1000\r\n'.length + 4096 + 2) + '0\r\n\r\n'.length);
  });
});
