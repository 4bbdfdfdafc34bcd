/** What the examples stream: a table as CSV, from a source that can fail in the middle. */
export async function* rows(fails) {
  for (let id = 1; id <= 1000; id++) {
    if (fails && id === 500) throw new Error('the database went away');
    yield `${id},name ${id}\n`;
  }
}
