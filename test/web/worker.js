/** A worker of Cloudflare's runtime that runs portable.js, hashed by `crypto.DigestStream`, and answers with the results. */
import * as web from './dist/web/index.js';
import { run } from './portable.js';

/** DigestStream hashes beside the program, so its digest comes later; what is written is read later as well. */
function createHasher(algorithm) {
  const stream = new crypto.DigestStream(algorithm);
  const writer = stream.getWriter();
  return {
    update: (data) => writer.write(data.slice()),
    digest: async () => {
      await writer.close();
      return new Uint8Array(await stream.digest);
    },
  };
}

export default {
  async fetch() {
    return Response.json(await run(web, createHasher));
  },
};
