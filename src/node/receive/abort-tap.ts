/**
 * Reads the reason of an abort under Node's own parser, which tells only that a message was cut: the octets that come from
 * the socket are decoded once more, for their framing alone. So the reason is found where the framing has it, and content
 * that looks like one is content.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { dropContent } from '../../core/content-run.ts';
import { Decoder } from '../../core/decoder.ts';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const VERSION = Buffer.from('HTTP/');

export class AbortTap {
  readonly #socket: Socket | undefined;
  readonly #decoder = new Decoder({ onData: dropContent });

  /** To be made in a 'response' handler: the octets that are being parsed have passed the socket already. */
  constructor(message: IncomingMessage) {
    if (!/^chunked$/i.test(message.headers['transfer-encoding'] ?? '')) return;
    const { parser } = (message.socket ?? {}) as { parser?: { getCurrentBuffer?(): Buffer | undefined } | null };
    const start = bodyIn(parser?.getCurrentBuffer?.());
    if (start === undefined) return; // nobody can say where the body starts
    this.#decoder.write(start);
    this.#socket = message.socket;
    this.#socket.on('data', this.#onOctets);
  }

  /** The X-Stream-Status value of an abort line with which the input has ended. */
  reason(): string | undefined {
    if (this.#socket === undefined) return undefined;
    this.#decoder.end();
    return this.#decoder.abortReason;
  }

  detach(): void {
    this.#socket?.off('data', this.#onOctets);
  }

  readonly #onOctets = (octets: Uint8Array): void => this.#decoder.write(octets);
}

/** What follows the head whose end is in these octets, and the heads of interim responses before it. */
function bodyIn(octets: Buffer | undefined): Buffer | undefined {
  let rest = octets;
  do {
    const end = rest?.indexOf(END_OF_HEAD) ?? -1;
    if (rest === undefined || end === -1) return undefined;
    rest = rest.subarray(end + END_OF_HEAD.length);
  } while (rest.subarray(0, VERSION.length).equals(VERSION)); // no chunk-size begins like that
  return rest;
}
