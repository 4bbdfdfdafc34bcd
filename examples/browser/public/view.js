/** What is shown. Text from the server is set as text, never as HTML. */
import { fieldsOf } from './rows.js';

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en');
const size = (octets) => `${(octets / 1e6).toFixed(2)} MB`;

const TITLES = {
  complete: 'Complete',
  failed: 'The server failed',
  truncated: 'Cut off',
  malformed: 'Not readable',
  mismatch: 'Damaged on the way',
  unverified: 'Not sealed',
};

const DIGESTS = {
  match: 'agrees: what came is what was sent',
  mismatch: 'disagrees',
  absent: 'none came',
};

let isScheduled = false;

export function showStart() {
  document.body.dataset.state = 'streaming';
  element('verdict').hidden = true;
  element('progress').value = 0;
  element('rows').textContent = 'Asking …';
  element('octets').textContent = '';
  element('table').replaceChildren();
}

/** At most once a frame, however fast it comes. */
export function showProgress(progress) {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    render(progress);
  });
}

export function showVerdict({ kind, reason, bytes, digest }, progress) {
  render(progress);
  const { rows, total } = progress;
  const isWhole = kind === 'complete';
  show(kind, TITLES[kind], reason, [
    ['Rows', isWhole ? `all ${number.format(rows)}` : `${number.format(rows)} of ${number.format(total)}`],
    ['Octets', number.format(bytes)],
    ['Digest', DIGESTS[digest] ?? digest],
  ]);
}

export function showFailedRequest(reason) {
  element('rows').textContent = 'Nothing came';
  show('failed', 'No table', reason, []);
}

function render({ rows, octets, total, latest }) {
  element('progress').value = rows / total;
  element('rows').textContent = `${number.format(rows)} of ${number.format(total)} rows`;
  element('octets').textContent = size(octets);
  element('table').replaceChildren(...latest.map(rowOf));
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

function show(kind, title, reason, facts) {
  document.body.dataset.state = kind;
  element('verdict-title').textContent = title;
  element('verdict-reason').textContent = reason;
  const entries = facts.flatMap(([name, value]) => {
    const [term, description] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    description.textContent = value;
    return [term, description];
  });
  element('verdict-facts').replaceChildren(...entries);
  element('verdict').hidden = false;
}
