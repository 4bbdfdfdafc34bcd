/**
 * Strategy: octets without end in every place of a chunked body where a recipient might have to keep or count them, over
 * real sockets, to both receivers. Each is refused with a code, before the peer has got rid of much, and with memory that does
 * not depend on how much it would have sent; and what is only strange, and no attack, is accepted.
 */
import { describe, expect, test } from 'vitest';
import { CHUNKED, type Client, flooding, GIB, MIB, type Outcome, viaReceive, viaVerify } from './peers.ts';

/** What two ends may hold in their buffers, with the kernel's and garbage that nobody has collected yet. */
const MAX_PEAK_BYTES = 64 * MIB;

function expectBounded({ peakBytes }: Outcome): void {
  expect(peakBytes).toBeLessThan(MAX_PEAK_BYTES);
}

const IN_EVERY_PARSER: [title: string, beginning: string, piece: string][] = [
  ['RFC 9112 §7.1.1: 1 GiB of one chunk extension', '1;a="', 'b'],
  ['RFC 9112 §7.1.1: 1 GiB of extensions without a value', '1', ';a'],
  ['RFC 9112 §7.1.2: a trailer field without end', '0\r\nA: ', 'b'],
  ['RFC 9112 §7.1.2: a trailer section without end', '0\r\n', `A: ${'b'.repeat(100)}\r\n`],
  ['RFC 9112 §7.1.2: trailer fields without value, without end', '0\r\n', 'A:\r\n'],
];

/** Node's parser takes them without end: it bounds the extensions of one chunk, and zeros not at all. */
const NOT_IN_NODE: [title: string, beginning: string, piece: string][] = [
  ['RFC 9112 §7.1.1: 1 GiB of extensions on chunks of one octet', '', `1;${'a'.repeat(2000)}\r\nx\r\n`],
  ['RFC 9112 §7.1: 1 GiB of leading zeros of a chunk-size', '', '0'],
];

describe.each<[name: string, client: Client, refused: typeof IN_EVERY_PARSER]>([
  ['receive', viaReceive, [...IN_EVERY_PARSER, ...NOT_IN_NODE]],
  ['verify', viaVerify, IN_EVERY_PARSER],
])('%s', (_, client, refused) => {
  test.each(refused)('%s: ERR_BODY_LIMIT', async (_, beginning, piece) => {
    const peer = await flooding(CHUNKED + beginning, piece, GIB);
    const outcome = await client(peer.port);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_LIMIT', kind: 'malformed' });
    expect(outcome.bytes).toBeLessThan(100);
    expect(peer.sent).toBeLessThan(32 * MIB);
    expectBounded(outcome);
  });

  test('RFC 9112 §7.1: a million chunks of one octet are accepted', async () => {
    const end = '0\r\nX-Stream-Status: ok;bytes=1000000\r\n\r\n';
    const piece = '1\r\nx\r\n'.repeat(10_000);
    const peer = await flooding(CHUNKED, piece, 100 * piece.length, end);
    const outcome = await client(peer.port);
    expect(outcome).toMatchObject({ code: undefined, kind: 'complete', bytes: 1_000_000 });
    expect(outcome.peakBytes).toBeLessThan(2 * MAX_PEAK_BYTES);
  });

  test('a body without end: maxBodyBytes is not set, so it is taken, in bounded memory', async () => {
    const peer = await flooding(`${CHUNKED}1fffffffffffff\r\n`, 'x', 256 * MIB);
    // The peer stays silent then.
    const outcome = await client(peer.port, { idleTimeout: 1000 });
    expect(outcome).toMatchObject({ code: 'ERR_BODY_TIMEOUT', kind: 'truncated', bytes: 256 * MIB });
    expect(outcome.peakBytes).toBeLessThan(2 * MAX_PEAK_BYTES);
  });

  test('long extensions that their data outweighs are accepted, in bounded memory', async () => {
    const piece = `800;${'a'.repeat(4000)}\r\n${'x'.repeat(2048)}\r\n`;
    const peer = await flooding(CHUNKED, piece, 4 * MIB, '0\r\n\r\n');
    const outcome = await client(peer.port);
    expect(outcome).toMatchObject({ code: undefined, kind: 'unverified', bytes: (peer.sent / piece.length) * 2048 });
    expectBounded(outcome);
  });
});

describe('verify, where Node’s parser has no bound: time is what ends it, and memory does not grow', () => {
  test.each(NOT_IN_NODE)('%s: ERR_BODY_TIMEOUT', async (_, beginning, piece) => {
    const peer = await flooding(CHUNKED + beginning, piece, 1024 * GIB);
    const outcome = await viaVerify(peer.port, { totalTimeout: 1500 });
    expect(outcome).toMatchObject({ code: 'ERR_BODY_TIMEOUT', kind: 'truncated' });
    expect(outcome.peakBytes).toBeLessThan(2 * MAX_PEAK_BYTES);
  });
});

describe('a chunk-size that no number can hold (RFC 9112 §7.1: "recipients MUST anticipate potentially large hexadecimal numerals")', () => {
  test.each([
    ['2^53', '20000000000000', 13],
    ['2^64', '10000000000000000', 14],
    ['2^64 + 5, which wraps to 5', '10000000000000005', 14],
    ['all there is room for', 'f'.repeat(4000), 13],
  ])('%s: receive refuses it, at once', async (_, size, offset) => {
    const peer = await flooding(`${CHUNKED}${size}\r\n`, 'x', GIB);
    const outcome = await viaReceive(peer.port);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_LIMIT', kind: 'malformed', bytes: 0, offset });
    expectBounded(outcome);
  });

  test.each([
    ['2^64', '10000000000000000'],
    ['2^64 + 5, which wraps to 5', '10000000000000005'],
  ])('%s: verify tells what Node’s parser refuses', async (_, size) => {
    const peer = await flooding(`${CHUNKED}${size}\r\n`, 'x', GIB);
    const outcome = await viaVerify(peer.port);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_MALFORMED', kind: 'malformed', bytes: 0 });
    expectBounded(outcome);
  });

  test('maxBodyBytes of the reader’s own: a chunk that announces more', async () => {
    const peer = await flooding(`${CHUNKED}1fffffffffffff\r\n`, 'x', GIB);
    const outcome = await viaReceive(peer.port, { limits: { maxBodyBytes: 1000 } });
    expect(outcome).toMatchObject({ code: 'ERR_BODY_LIMIT', kind: 'malformed', bytes: 0 });
    expect(peer.sent).toBeLessThan(32 * MIB);
    expectBounded(outcome);
  });
});
