/** node client.js [URL]: gets it, counts its lines, and says how it ended. It exits with 0 only if the body is whole. */
import { get } from 'node:http';
import { pathToFileURL } from 'node:url';
import { requestHeaders, verify } from 'chunked-trailers';

/** @returns whether the body is whole */
export async function tell(url) {
  // In the 'response' handler: what has been read by then is checked, too.
  const body = await new Promise((resolve, reject) => {
    get(url, { headers: requestHeaders() }, (response) => resolve(verify(response))).on('error', reject);
  });
  let rows = 0;
  try {
    for await (const data of body) rows += data.toString().split('\n').length - 1;
  } catch (error) {
    console.log(`${url}: ${error.code}`);
  }
  const { kind, reason } = await body.verdict;
  console.log(`${url}: ${kind} after ${rows} rows. ${reason}`);
  return kind === 'complete';
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const url = process.argv[2] ?? 'http://localhost:3000/export';
  try {
    process.exitCode = (await tell(url)) ? 0 : 1;
  } catch (error) {
    console.error(`${url}: ${error.message || error.code}`);
    process.exitCode = 1;
  }
}
