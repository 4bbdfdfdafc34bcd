/** Streams the table twice, by plain fetch and through a ChunkedDecoderStream; and downloads an archive in pieces. */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { ChunkedDecoderStream, IN_CONTENT_TYPE, parseInContentType } from 'chunked-trailers/web';
import { Download } from './download.js';
import { readRows } from './rows.js';
import {
  element,
  showBelief,
  showDownload,
  showNoResponse,
  showProgress,
  showStart,
  showSummary,
  showVerdict,
} from './view.js';

const createHasher = (algorithm) => (algorithm === 'sha-256' ? sha256 : sha512).create();

const progressOf = ({ headers }) => ({ rows: 0, bytes: 0, total: Number(headers.get('X-Row-Count')), latest: [] });

/** @returns what a page that knows nothing of seals believes: how many rows there are, or the error of fetch */
async function streamPlain(url) {
  const response = await fetch(url);
  const progress = progressOf(response);
  let error;
  try {
    await readRows(response.body, progress, (now) => showProgress('plain', now));
  } catch (reason) {
    error = reason;
  }
  showBelief(progress, error);
  return { isFinished: error === undefined, isWhole: progress.rows === progress.total };
}

/** @returns the verdict */
async function streamSealed(url) {
  const response = await fetch(url, { headers: { Accept: IN_CONTENT_TYPE } });
  if (!response.ok || parseInContentType(response.headers.get('Content-Type')) === undefined) {
    throw new Error(`The server answered ${response.status} ${response.statusText}`);
  }
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  const progress = progressOf(response);
  try {
    await readRows(response.body.pipeThrough(decoder), progress, (now) => showProgress('sealed', now));
  } catch (error) {
    console.warn(error.code, error.message); // the verdict has it, too
  }
  const verdict = await decoder.verdict;
  showVerdict(verdict, progress);
  return verdict;
}

const noResponse = (id) => (error) => showNoResponse(id, error.message);

let isBusy = false;
/** One thing at a time. A button that waits keeps the focus, which `disabled` would take away. */
function onClick(buttons, action) {
  for (const button of buttons) {
    button.addEventListener('click', async () => {
      if (isBusy) return;
      isBusy = true;
      const all = document.querySelectorAll('button');
      for (const one of all) one.setAttribute('aria-disabled', 'true');
      await action(button);
      for (const one of all) one.removeAttribute('aria-disabled');
      isBusy = false;
    });
  }
}

onClick(document.querySelectorAll('button[data-query]'), async ({ textContent, dataset: { query, proxy = '' } }) => {
  showStart(textContent);
  const [belief, verdict] = await Promise.all([
    streamPlain(`${proxy}/plain.csv${query}`).catch(noResponse('plain')),
    streamSealed(`${proxy}/sealed.csv${query}`).catch(noResponse('sealed')),
  ]);
  showSummary(belief, verdict);
});

const download = new Download('/archive.csv', () => sha256.create());

async function fetchRest(query) {
  element('save').hidden = true;
  await download.fetchRest(query, () => showDownload(download));
  showDownload(download);
}

onClick([element('download')], () => {
  download.restart();
  return fetchRest('?breaks');
});
onClick([element('resume')], async () => {
  await fetchRest('');
  if (!element('save').hidden) element('save').focus(); // the button that had the focus is gone
});
element('command').textContent = `npx chunked-trailers get --resume -O ${location.origin}/archive.csv`;
