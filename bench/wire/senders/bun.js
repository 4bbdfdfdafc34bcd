/**
 * Bun.serve with a stream for a body: `pull` for the standard ReadableStream, `direct` for Bun's own kind, as the first
 * argument says. Both write as long as the stream wants more.
 */
const AHEAD_BYTES = 65536;
const { createInterface } = await import('node:readline');
const isDirect = process.argv[2] === 'direct';

function pieceOf(size) {
  return Buffer.alloc(size, 'The quick brown fox jumps over the lazy dog. ');
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

function direct(piece, count, done) {
  return new ReadableStream({
    type: 'direct',
    async pull(controller) {
      for (let left = count; left > 0; left--) {
        const written = controller.write(piece);
        if (typeof written !== 'number') await written; // a promise says that there is enough for now
      }
      await controller.end();
      done();
    },
  });
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  fetch(request) {
    const [, size, count] = new URL(request.url).pathname.split('/').map(Number);
    const before = process.cpuUsage();
    const done = () => {
      const { user, system } = process.cpuUsage(before);
      console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6 }));
    };
    return new Response((isDirect ? direct : pulled)(pieceOf(size), count, done));
  },
});
console.log(JSON.stringify({ port: server.port }));
createInterface({ input: process.stdin }).on('close', () => process.exit());
