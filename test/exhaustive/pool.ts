/** Runs all of the cases, `size` at a time; the first failure ends it. */
export async function inPool<T>(cases: Iterable<T>, run: (one: T) => Promise<void>, size = 32): Promise<void> {
  const iterator = cases[Symbol.iterator]();
  const lane = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await run(next.value);
  };
  await Promise.all(Array.from({ length: size }, lane));
}
