/** A server that answers each case with its octets and ends the connection in its way. */
import { createServer, type Socket } from 'node:net';
import type { Ask, ClientOptions } from './clients.ts';
import { listening } from './listening.ts';
import type { Outcome } from './tally.ts';

/**
 * `FIN`, or `RST`, right behind the octets; or RST when the client has read all of them. (RST right behind the octets
 * may destroy some of them on the way.) Or nothing: the server falls silent.
 */
export type Sign = 'FIN' | 'RST' | 'RST when read' | 'silence';

export interface SocketCase {
  octets: Buffer;
  sign: Sign;
}

/** How many octets the client of a case has read; undefined once it has gone. */
type ReadBytes = () => number | undefined;

export interface Player {
  port: number;
  /** Has the case played to the client that asks for this path. */
  add(one: SocketCase): Played;
}

class Played {
  readonly octets: Buffer;
  readonly sign: Sign;
  readonly path: string;
  readonly whenPlayed: Promise<void>;
  isPlayed = false;
  readBytes: ReadBytes = () => undefined;
  #onPlayed = () => {};

  constructor({ octets, sign }: SocketCase, path: string) {
    this.octets = octets;
    this.sign = sign;
    this.path = path;
    this.whenPlayed = new Promise((resolve) => {
      this.#onPlayed = resolve;
    });
  }

  play(socket: Socket): void {
    this.isPlayed = true;
    play(socket, this);
    this.#onPlayed();
  }
}

/** A player that listens while it is used. */
export function withPlayer(use: (player: Player) => Promise<void>): Promise<void> {
  const cases = new Map<string, Played>();
  let added = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    let request = '';
    socket
      .on('error', () => {})
      .on('data', (data: Buffer) => {
        request += data.toString('latin1');
        const path = /^GET (\S+) HTTP\/1\.1\r\n(?:.+\r\n)*\r\n/.exec(request)?.[1];
        if (path === undefined) return;
        request = '';
        cases.get(path)?.play(socket);
        cases.delete(path);
      });
  });
  const add = (one: SocketCase) => {
    const played = new Played(one, `/${added++}`);
    cases.set(played.path, played);
    return played;
  };
  return listening(server, (port) => use({ port, add }));
}

function play(socket: Socket, { octets, sign, readBytes }: Played): void {
  if (sign === 'FIN') {
    socket.end(octets);
  } else if (sign === 'silence') {
    socket.write(octets);
  } else if (sign === 'RST') {
    socket.write(octets, () => socket.resetAndDestroy());
  } else {
    socket.write(octets);
    const resetWhenRead = () => {
      if (socket.destroyed) return;
      if ((readBytes() ?? octets.length) >= octets.length) socket.resetAndDestroy();
      else setImmediate(resetWhenRead);
    };
    resetWhenRead();
  }
}

/** Plays the case to the client, and gives what that made of it. */
export async function playTo(player: Player, ask: Ask, one: SocketCase, options: ClientOptions): Promise<Outcome> {
  const played = player.add(one);
  let socket: Socket | undefined;
  played.readBytes = () => (socket === undefined ? 0 : socket.destroyed ? undefined : socket.bytesRead);
  const outcome = await ask(player.port, played.path, options, {
    opened(client) {
      socket = client;
    },
    played: one.sign === 'silence' ? played.whenPlayed : Promise.resolve(),
  });
  if (!played.isPlayed) throw new Error(`The case ${played.path} has not been played`);
  return outcome;
}
