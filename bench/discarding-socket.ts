/**
 * A stand-in for a net.Socket that counts what it is given and is done at once. Like a socket it takes a batch of
 * writes in one call and leaves text as text, so nobody pays here for what a socket would not ask of them.
 */
import { Writable } from 'node:stream';
import { take, takeText } from './sink.ts';

type Data = Buffer | string;

export function discardingSocket(): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: Data, _encoding, callback) {
      takeData(chunk);
      callback();
    },
    writev(chunks: { chunk: Data }[], callback) {
      for (const { chunk } of chunks) takeData(chunk);
      callback();
    },
  });
}

function takeData(chunk: Data): void {
  if (typeof chunk === 'string') takeText(chunk);
  else take(chunk);
}

export interface Sender {
  socket: Writable;
  /** Returns false when the socket has enough until it drains. */
  write(piece: Buffer): boolean;
  end(done: () => void): void;
}

/** Sends the pieces, waiting for the socket wherever it asks for it. */
export function feed(pieces: Buffer[], { socket, write, end }: Sender): Promise<void> {
  return new Promise((resolve, reject) => {
    let at = 0;
    const proceed = () => {
      while (at < pieces.length) {
        if (!write(pieces[at++]!)) return;
      }
      socket.off('drain', proceed);
      end(resolve);
    };
    socket.on('drain', proceed);
    socket.on('error', reject);
    proceed();
  });
}
