/** What every subject streams, by the scenario that the URL names; and how the process that holds it talks to the test. */
import { Readable } from 'node:stream';
import { FIRST, SECOND } from './content.js';

/** `tell` what happened here; the test answers with `release`, by the id of the request. */
export const tell = (news) => process.send?.(news);

const released = new Map();
process.on('message', ({ release }) => gate(release).open());

function gate(id) {
  if (!released.has(id)) {
    let open;
    const opened = new Promise((resolve) => {
      open = resolve;
    });
    released.set(id, { opened, open });
  }
  return released.get(id);
}

/** What a source gives, piece by piece; `null` is its end, an Error its failure. `undefined` waits for the release. */
const SCRIPTS = {
  whole: [FIRST, SECOND, null],
  middle: [FIRST, undefined, new Error('the disk is gone')],
  before: [new Error('the disk is gone')],
  slow: [FIRST, undefined, SECOND, null],
  leaves: [FIRST],
  head: [], // whoever waits for it hangs
};

/** @param {string} url `/?scenario=whole&id=1` */
export function sourceOf(url) {
  const query = new URL(url, 'http://localhost').searchParams;
  const id = query.get('id');
  const script = SCRIPTS[query.get('scenario')].values();
  const source = new Readable({
    async read() {
      let { done, value: piece } = script.next();
      if (done) return;
      if (piece === undefined) {
        await gate(id).opened;
        piece = script.next().value;
      }
      if (piece instanceof Error) this.destroy(piece);
      else this.push(piece);
    },
  });
  source.on('close', () => tell({ closed: id }));
  return source;
}
