/** As docs/seal.md has it. Next tells here what has failed, and ends some of it as if it had not. */
export function onRequestError(error) {
  const res = globalThis.responses?.getStore();
  if (res?.headersSent) res.destroy(error); // before that, Next has an error page
}
