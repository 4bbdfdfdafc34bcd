/** Takes methods of ours off an object of Node's, where nobody has come above them, and puts back what was there before. */
export function putBack(
  target: object,
  ours: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>>,
): void {
  for (const [name, method] of Object.entries(before)) {
    if (Reflect.get(target, name) !== ours[name]) continue;
    Reflect.deleteProperty(target, name);
    if (Reflect.get(target, name) !== method) Reflect.set(target, name, method);
  }
}
