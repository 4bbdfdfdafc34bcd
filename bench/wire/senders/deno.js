/** Deno.serve with a ReadableStream for a body, which gives as long as the stream wants more, and 64 KiB ahead. */
import process from 'node:process';

const AHEAD_BYTES = 65536;

function pieceOf(size) {
  const text = new TextEncoder().encode('The quick brown fox jumps over the lazy dog. ');
  return Uint8Array.from({ length: size }, (_, i) => text[i % text.length]);
}

function pulled(piece, count, done) {
  let left = count;
  return new ReadableStream(
    {
      pull(controller) {
        while (left > 0 && controller.desiredSize > 0) {
          controller.enqueue(piece);
          left--;
        }
        if (left > 0) return;
        controller.close();
        done();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: AHEAD_BYTES }),
  );
}

Deno.serve(
  {
    port: 0,
    hostname: '127.0.0.1',
    onListen: ({ port }) => console.log(JSON.stringify({ port })),
  },
  (request) => {
    const [, size, count] = new URL(request.url).pathname.split('/').map(Number);
    const before = process.cpuUsage();
    const done = () => {
      const { user, system } = process.cpuUsage(before);
      console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6 }));
    };
    return new Response(pulled(pieceOf(size), count, done));
  },
);
process.stdin.resume().once('end', () => process.exit());
