/** A reporter of node:test: a line of JSON for each test. */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.skip !== undefined || data.todo !== undefined) continue;
    yield `${JSON.stringify({ file: data.file, name: data.name, passed: type === 'test:pass' })}\n`;
  }
}
