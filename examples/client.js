/** Gets the export twice, once whole and once failing in the middle, and says what it concluded of each. */
import { get } from 'node:http';
import { requestHeaders, verify } from 'chunked-trailers';

export async function tell(port) {
  for (const path of ['/export', '/export?fails']) {
    // In the 'response' handler: what has been read by then is checked, too.
    const body = await new Promise((resolve, reject) => {
      get({ port, path, headers: requestHeaders() }, (response) => resolve(verify(response))).on('error', reject);
    });
    let rows = 0;
    try {
      for await (const data of body) rows += data.toString().split('\n').length - 1;
    } catch (error) {
      console.log(`${path}: ${error.code}`);
    }
    const { kind, reason } = await body.verdict;
    console.log(`${path}: ${kind} after ${rows} rows. ${reason}`);
  }
}
