/**
 * The probe of the library: what `verify` concludes, written as client.cjs writes.
 *
 * Arguments: the port, the path, the address of the library's module.
 */
import http from 'node:http';

const [port, path, library] = process.argv.slice(2);
const { verify } = await import(library);

http.get({ host: '127.0.0.1', port, path }, async (message) => {
  const body = verify(message);
  body.verdict.then(({ kind, bytes }) => write({ on: 'verdict', event: kind, octets: bytes }));
  try {
    for await (const _octets of body);
    write({ on: 'outcome', event: 'success' });
  } catch (error) {
    write({ on: 'outcome', event: 'failure', error: { message: error.message, code: error.code } });
  }
});

function write(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}
