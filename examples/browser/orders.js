/** What the example streams: a table as CSV, from a database that can fail in the middle. */
import { setTimeout as sleep } from 'node:timers/promises';

export const ROWS = 40_000;
export const HEADING = 'order,day,city,goods,price\n';
const ROWS_A_PAGE = 400;
const LAST_ROW_BEFORE_FAILURE = 24_600;

const CITIES = ['Aarhus', 'Bergen', 'Cork', 'Dresden', 'Évora', 'Florence', 'Ghent', 'Helsinki', 'Innsbruck', 'Jerez'];
const GOODS = ['paper, A4', 'pencils', 'desk lamp', 'stapler', 'notebook', 'envelopes', 'ink', 'ruler', 'eraser'];

/** @param {boolean} fails whether the database goes away before the end */
export async function* orders(fails) {
  yield HEADING;
  for (let first = 1; first <= ROWS; first += ROWS_A_PAGE) {
    let page = '';
    for (let order = first; order < first + ROWS_A_PAGE; order++) {
      if (fails && order > LAST_ROW_BEFORE_FAILURE) {
        if (page !== '') yield page;
        throw new Error(`the database went away at order ${order}`);
      }
      page += row(order);
    }
    yield page;
    await sleep(25); // a database that has work to do
  }
}

export function row(order) {
  const day = new Date(Date.UTC(2026, 0, 1 + (order % 365))).toISOString().slice(0, 10);
  const price = (((order * 7919) % 9000) / 100 + 1).toFixed(2);
  return `${order},${day},${CITIES[(order * 7) % CITIES.length]},"${GOODS[(order * 5) % GOODS.length]}",${price}\n`;
}
