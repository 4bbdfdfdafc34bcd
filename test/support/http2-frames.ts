/**
 * An HTTP/2 origin that sends the frames it is told (RFC 9113 §4), for what no server library sends on request, such as
 * RST_STREAM with a code of one's own. Fields are literal and not indexed (RFC 7541 §6.2.2), so HPACK has no state.
 */
import { createServer } from 'node:net';
import { listen } from './servers.ts';

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const DATA = 0x0;
const HEADERS = 0x1;
const RST_STREAM = 0x3;
const SETTINGS = 0x4;
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;

type Fields = Readonly<Record<string, string>>;

/** What a stream is answered with, in order. */
export type Frame =
  | { headers: Fields; endStream?: boolean }
  | { data: string; endStream?: boolean }
  | { reset: number };

/** @returns the port of an origin that answers each request with these frames, over TCP and without TLS */
export function originOfFrames(frames: readonly Frame[]): Promise<number> {
  const server = createServer((socket) => {
    let octets = Buffer.alloc(0);
    let hasPreface = false;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      octets = Buffer.concat([octets, data]);
      if (!hasPreface && octets.length >= PREFACE_BYTES) {
        hasPreface = true;
        octets = octets.subarray(PREFACE_BYTES);
        socket.write(frame(SETTINGS, 0, 0));
      }
      while (hasPreface && octets.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + octets.readUIntBE(0, 3);
        if (octets.length < end) return;
        const [type, flags, stream] = [octets[3]!, octets[4]!, octets.readUInt32BE(5)];
        octets = octets.subarray(end);
        if (type === SETTINGS && (flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0));
        if (type === HEADERS) socket.write(Buffer.concat(frames.map((one) => serialized(one, stream))));
      }
    });
  });
  return listen(server);
}

function serialized(one: Frame, stream: number): Buffer {
  if ('reset' in one) {
    const code = Buffer.alloc(4);
    code.writeUInt32BE(one.reset);
    return frame(RST_STREAM, 0, stream, code);
  }
  const end = one.endStream === true ? END_STREAM : 0;
  if ('data' in one) return frame(DATA, end, stream, Buffer.from(one.data));
  return frame(HEADERS, end | END_HEADERS, stream, Buffer.concat(Object.entries(one.headers).map(literal)));
}

function literal([name, value]: [string, string]): Buffer {
  return Buffer.concat(
    [0, name.length, name, value.length, value].map((part) => Buffer.from(typeof part === 'number' ? [part] : part)),
  );
}

function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}
