/**
 * A proxy that does to one response what networks and proxies do: cuts it, flips a bit of its content, or drops its
 * trailers. It really decodes and encodes what it forwards, so what it damages is well framed.
 */
import { connect, type Socket } from 'node:net';
import { Decoder } from '../../core/decoder.ts';
import { Encoder } from '../../core/encoder.ts';
import { copyOctets } from '../../core/grammar.ts';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import { readHead } from '../../node/head/read-head.ts';

export type Fault = 'cut' | 'flip' | 'strip-trailers';

/**
 * Forwards one exchange from the client to the origin and damages the response.
 *
 * @param at the octet of content at which it cuts, or in which it flips a bit
 */
export async function forwardWithFault(client: Socket, originPort: number, fault: Fault, at: number): Promise<void> {
  const origin = connect(originPort, '127.0.0.1');
  for (const socket of [client, origin]) socket.on('error', () => {});
  try {
    const bounds = { maxHeadBytes: DEFAULT_LIMITS.maxHeadBytes, timeout: 10_000 };
    origin.write(await readHead(client, { ...bounds, closedCode: 'ERR_NO_REQUEST' }));
    client.write(await readHead(origin, { ...bounds, closedCode: 'ERR_NO_RESPONSE' }));
    await forwardBody(origin, client, fault, at);
  } catch {
    client.destroy();
  } finally {
    origin.destroy();
    client.end();
  }
}

async function forwardBody(origin: Socket, client: Socket, fault: Fault, at: number): Promise<void> {
  const encoder = new Encoder();
  let isCut = false;
  let bytes = 0;
  const onData = (data: Uint8Array) => {
    if (isCut) return;
    const position = at - bytes;
    bytes += data.length;
    let forwarded = data;
    if (position >= 0 && position < data.length) {
      if (fault === 'cut') {
        forwarded = data.subarray(0, position);
        isCut = true;
      } else if (fault === 'flip') {
        forwarded = copyOctets(data);
        forwarded[position]! ^= 1;
      }
    }
    for (const piece of encoder.write(forwarded)) client.write(piece);
  };
  const decoder = new Decoder({ onData });
  for await (const octets of origin) {
    decoder.write(octets);
    if (isCut || decoder.error !== undefined) return;
    if (decoder.done) break;
    if (client.writableNeedDrain) await new Promise((resolve) => client.once('drain', resolve).once('close', resolve));
  }
  for (const piece of encoder.end(fault === 'strip-trailers' ? [] : decoder.rawTrailers)) client.write(piece);
}
