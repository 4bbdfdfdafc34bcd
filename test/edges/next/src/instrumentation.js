/** Next tells here what has failed, and ends some of it as if it had not. server.js keeps the response of each request. */
export function onRequestError(error) {
  const res = globalThis.responses?.getStore();
  if (res?.headersSent) res.destroy(error);
}
