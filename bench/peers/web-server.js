/** What Bun and Deno send by a ReadableStream: run by bench/peers/servers.ts. */
import { readFileSync } from 'node:fs';

const content = new Uint8Array(readFileSync(process.argv[2]));
const bodies = { '/short': [content.subarray(0, 100)], '/blocks': Array(16).fill(content) };

function handle(request) {
  const pieces = bodies[new URL(request.url).pathname];
  let next = 0;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (next < pieces.length) controller.enqueue(pieces[next++].slice());
        if (next === pieces.length) controller.close();
      },
    }),
  );
}

const hostname = '127.0.0.1';
const { Bun, Deno } = globalThis;
const onListen = ({ port }) => console.log(`${hostname}:${port}`);
if (Bun) onListen(Bun.serve({ hostname, port: 0, fetch: handle }));
else Deno.serve({ hostname, port: 0, onListen }, handle);
