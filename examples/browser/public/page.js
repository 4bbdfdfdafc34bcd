/** Streams the table through a ChunkedDecoderStream, and shows what it concludes. */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { ChunkedDecoderStream, IN_CONTENT_TYPE, parseInContentType } from 'chunked-trailers/web';
import { readRows } from './rows.js';
import { showFailedRequest, showProgress, showStart, showVerdict } from './view.js';

const createHasher = (algorithm) => (algorithm === 'sha-256' ? sha256 : sha512).create();

async function stream(url) {
  const response = await fetch(url, { headers: { Accept: IN_CONTENT_TYPE } });
  if (!response.ok || parseInContentType(response.headers.get('Content-Type')) === undefined) {
    return showFailedRequest(`The server answered ${response.status} ${response.statusText}`);
  }
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  const progress = { rows: 0, octets: 0, total: Number(response.headers.get('X-Row-Count')), latest: [] };
  try {
    await readRows(response.body.pipeThrough(decoder), progress, showProgress);
  } catch (error) {
    console.warn(error.code, error.message); // the verdict has it, too
  }
  showVerdict(await decoder.verdict, progress);
}

const buttons = [...document.querySelectorAll('button')];
for (const button of buttons) {
  button.addEventListener('click', async () => {
    for (const one of buttons) one.disabled = true;
    showStart();
    await stream(button.dataset.url).catch((error) => showFailedRequest(error.message));
    for (const one of buttons) one.disabled = false;
  });
}
