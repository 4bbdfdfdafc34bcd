/** What an observer who knows no HTTP sees of a connection: octets, and how they ended. */
import type { Socket } from 'node:net';
import { latin1 } from './octets.ts';

/** Records what comes from a socket, a character an octet, and how that ended. */
export class Wire {
  readonly socket: Socket;
  #octets = '';
  /** `FIN`, or the code of the error: `ECONNRESET` for RST. In the order in which they came. */
  readonly #signs: string[] = [];
  #isClosed = false;
  #onChange = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket
      .on('data', (data) => {
        this.#octets += latin1(data);
        this.#onChange();
      })
      .on('end', () => this.#signs.push('FIN'))
      .on('error', (error: NodeJS.ErrnoException) => this.#signs.push(error.code ?? error.message))
      .on('close', () => {
        this.#isClosed = true;
        this.#onChange();
      });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for the text; what came up to its end is taken off what is returned next. */
  async until(text: string): Promise<string> {
    let at = this.#octets.indexOf(text);
    while (at === -1) {
      const { length } = this.#octets;
      if (this.#isClosed) {
        throw new Error(`closed (${this.#signs}) before ${JSON.stringify(text)}: …${this.#octets.slice(-2000)}`);
      }
      await this.#change();
      at = this.#octets.indexOf(text, Math.max(0, length - text.length));
    }
    return this.#take(at + text.length);
  }

  /** Waits for the connection to close: all that had not been taken, and how it ended. */
  async closed(): Promise<{ octets: string; end: string }> {
    while (!this.#isClosed) await this.#change();
    return { octets: this.#take(this.#octets.length), end: this.#signs.join(' ') };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }

  #take(length: number): string {
    const taken = this.#octets.slice(0, length);
    this.#octets = this.#octets.slice(length);
    return taken;
  }
}
