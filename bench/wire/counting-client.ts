/**
 * The client of every sender: a raw socket that counts octets and looks for the end of the message, no more, so that it
 * is not what limits the sender. Where the message is checked it is kept, and taken apart when it is whole.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { unframe } from './framing.ts';
import { loadFrom, octetsOf } from './load.ts';
import { answer } from './role.ts';

const READ_BYTES = 256 * 1024;
const CRLF_TWICE = 0x0d0a0d0a;

export interface Question {
  port: number;
  target: string;
  /** Whether the request asks for trailers. */
  isSealed: boolean;
  isChecked: boolean;
}

export interface Reply {
  /** From the request to the last octet. */
  seconds: number;
  /** Only of a message that is checked. */
  checked?: { octets: number; sha256: string; trailers: Record<string, string> };
}

const buffer = Buffer.alloc(READ_BYTES);

async function get({ port, target, isSealed, isChecked }: Question): Promise<Reply> {
  const content = octetsOf(loadFrom(target));
  const kept: Buffer[] = [];
  let octets = 0;
  let tail = 0;
  let whole = () => {};
  const end = new Promise<void>((resolve) => {
    whole = resolve;
  });
  const callback = (length: number) => {
    octets += length;
    if (isChecked) kept.push(Buffer.from(buffer.subarray(0, length)));
    if (length >= 4) tail = buffer.readUInt32BE(length - 4);
    else for (let i = 0; i < length; i++) tail = ((tail << 8) | buffer[i]!) >>> 0;
    // Nowhere in the content, and the head is before all of it.
    if (tail === CRLF_TWICE && octets > content) whole();
    return true;
  };
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
  await once(socket, 'connect');
  const close = once(socket, 'close');
  const start = performance.now();
  const te = isSealed ? 'TE: trailers\r\nConnection: TE\r\n' : '';
  socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${te}\r\n`);
  await Promise.race([
    end,
    close.then(() => Promise.reject(new Error(`Closed after ${octets} octets of ${content} and framing`))),
  ]);
  const seconds = (performance.now() - start) / 1000;
  socket.end();
  await close;
  if (!isChecked) return { seconds };
  const { content: got, trailers } = unframe(Buffer.concat(kept));
  const sha256 = createHash('sha256').update(got).digest('base64');
  return { seconds, checked: { octets: got.length, sha256, trailers } };
}

await answer(get);
