/** What is shown. Text from the server is set as text, never as HTML. */
import { fieldsOf } from './rows.js';

export const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en');
const size = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

const TITLES = {
  complete: 'Complete',
  failed: 'The server failed',
  truncated: 'Cut off',
  malformed: 'Not readable',
  mismatch: 'Damaged on the way',
  unverified: 'Not sealed',
};

/** The parts of a card, by class. */
const part = (id, name) => element(id).querySelector(name);

function showCard(id, state, title, reason) {
  element(id).dataset.state = state;
  part(id, '.title').textContent = title;
  part(id, '.reason').textContent = reason;
}

export function showStart(what) {
  element('summary').textContent = `Streaming: ${what} …`;
  for (const id of ['plain', 'sealed']) {
    showCard(id, 'streaming', '', '');
    part(id, 'progress').value = 0;
    part(id, '.rows').textContent = 'Asking …';
    part(id, '.size').textContent = '';
  }
  element('table').replaceChildren();
  element('table').closest('table').hidden = false;
}

const scheduled = new Map();

/** At most once a frame, however fast it comes. */
export function showProgress(id, progress) {
  if (scheduled.size === 0) {
    requestAnimationFrame(() => {
      for (const [one, latest] of scheduled) render(one, latest);
      scheduled.clear();
    });
  }
  scheduled.set(id, progress);
}

function render(id, { rows, bytes, total, latest }) {
  part(id, 'progress').value = rows / total;
  part(id, '.rows').textContent = `${number.format(rows)} of ${number.format(total)} rows`;
  part(id, '.size').textContent = size(bytes);
  if (id === 'sealed') element('table').replaceChildren(...latest.map(rowOf));
}

/** What fetch says, and beside it what it cannot know. */
export function showBelief(progress, error) {
  render('plain', progress);
  const missing = progress.total - progress.rows;
  if (error !== undefined)
    showCard('plain', 'error', `Error: ${error.message}`, 'No reason, and no word on what came.');
  else if (missing > 0)
    showCard('plain', 'wrong', 'Finished. Wrong!', `${number.format(missing)} rows are missing, and nothing says so.`);
  else showCard('plain', 'finished', 'Finished', 'It can look the same when rows are missing.');
}

export function showVerdict({ kind, reason, digest }, progress) {
  render('sealed', progress);
  const prefix = digest === 'match' && kind !== 'complete' ? '. What came before is proven by its digest' : '';
  showCard('sealed', kind, TITLES[kind], `${reason}${prefix}.`);
}

export function showNoResponse(id, reason) {
  part(id, '.rows').textContent = 'Nothing came';
  showCard(id, 'failed', 'No table', reason);
}

/** One sentence, which a screen reader says when both have ended. */
export function showSummary(belief, verdict) {
  const plain = !belief
    ? 'fetch got no response'
    : !belief.isFinished
      ? 'fetch reports an error without a reason'
      : belief.isWhole
        ? 'fetch believes that all has come, and cannot know'
        : 'fetch believes that all has come, and is wrong';
  const title = verdict ? TITLES[verdict.kind].toLowerCase() : 'no response';
  element('summary').textContent = `Plain ${plain}. The decoder says: ${title}.`;
}

export function showDownload({ bytes, total, from, error, blob }) {
  const id = 'archive';
  part(id, 'progress').value = total ? bytes / total : 0;
  part(id, '.rows').textContent = total ? `${size(bytes)} of ${size(total)}` : 'Nothing yet';
  part(id, '.size').textContent = from > 0 ? `continued at ${size(from)}` : '';
  element('resume').hidden = error === undefined || bytes === 0;
  if (error !== undefined) {
    const kept = bytes > 0 ? `${size(bytes)} are kept` : 'Nothing is kept';
    showCard(id, 'error', 'Broken off', `${kept} (${error.message}).`);
  } else if (blob !== undefined) {
    showCard(id, 'complete', 'Complete', 'The digest of the whole agrees: both parts are of the same file.');
    URL.revokeObjectURL(element('save').href);
    element('save').href = URL.createObjectURL(blob);
    element('save').hidden = false;
  } else {
    showCard(id, 'streaming', '', '');
  }
}

function rowOf(line) {
  const row = document.createElement('tr');
  for (const [at, field] of fieldsOf(line).entries()) {
    const cell = row.insertCell();
    cell.textContent = field;
    if (at === 0 || at === 4) cell.className = 'number';
  }
  return row;
}
