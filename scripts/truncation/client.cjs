/**
 * One probe in a process of its own: receives one response in one way, and writes a line of JSON for everything that it
 * notices. It ends by itself once nothing can happen any more, so an outcome that is missing then would never have come.
 * Written for Node 4: newer syntax is compiled by a probe that needs it, and its absence is an outcome too.
 *
 * Arguments: the port, the path, the name of the probe.
 */
// biome-ignore-all lint/style/useNodejsImportProtocol: Node 4 does not know the scheme
// biome-ignore-all lint/complexity/useOptionalChain: nor this
'use strict';
const fs = require('fs');
const http = require('http');
const stream = require('stream');

const port = Number(process.argv[2]);
const path = process.argv[3];
const probe = process.argv[4];

const probes = {
  /** Every event, with a listener to the response's errors. */
  events: () => get((response) => observe(response, ['data', 'end', 'aborted', 'abort', 'error', 'close'])),

  /** Every event but the response's errors, which nobody listens to. */
  unheard: () => get((response) => observe(response, ['data', 'end', 'aborted', 'abort', 'close'])),

  pipe: () =>
    get((response) => {
      const destination = new Destination();
      ['finish', 'unpipe', 'close', 'error'].forEach((name) => {
        destination.on(name, () => write({ on: 'destination', event: name }));
      });
      response.pipe(destination);
    }),

  pipeline: () => {
    if (typeof stream.pipeline !== 'function') return absent('no stream.pipeline');
    get((response) => stream.pipeline(response, new Destination(), settle));
  },

  finished: () => {
    if (typeof stream.finished !== 'function') return absent('no stream.finished');
    get((response) => {
      stream.finished(response, settle);
      response.resume();
    });
  },

  iteration: () => {
    const AsyncIterator = typeof Symbol === 'function' && Symbol.asyncIterator;
    if (!AsyncIterator || !stream.Readable.prototype[AsyncIterator]) return absent('streams are not async iterable');
    const read = compile('response', 'return (async () => { for await (const octets of response); })();');
    if (read === undefined) return absent('no for await');
    get((response) => read(response).then(() => settle(), settle));
  },

  fetch: () => {
    if (typeof fetch !== 'function') return absent('no fetch');
    const address = `http://127.0.0.1:${port}${path}`;
    fetch(address)
      .then((response) => response.text())
      .then(() => settle(), settle);
  },
};

class Destination extends stream.Writable {
  _write(octets, _encoding, callback) {
    write({ on: 'destination', event: 'write', octets: octets.length });
    callback();
  }
}

function get(onResponse) {
  const request = http.get({ host: '127.0.0.1', port: port, path: path }, (response) => {
    // The last look, when nothing can happen any more.
    process.on('exit', () => write({ on: 'process', event: 'exit', state: stateOf(response) }));
    onResponse(response);
  });
  ['abort', 'aborted', 'error', 'close'].forEach((name) => {
    request.on(name, (value) => write({ on: 'request', event: name, error: describe(value) }));
  });
}

function observe(response, names) {
  names.forEach((name) => {
    response.on(name, (value) => {
      const octets = name === 'data' ? value.length : undefined;
      const error = name === 'data' ? undefined : describe(value);
      write({ on: 'response', event: name, octets: octets, error: error, state: stateOf(response) });
    });
  });
}

/** A property that does not exist is left out by JSON.stringify. */
function stateOf(response) {
  return {
    complete: response.complete,
    aborted: response.aborted,
    readableEnded: response.readableEnded,
    destroyed: response.destroyed,
  };
}

function compile(parameter, code) {
  try {
    return new Function(parameter, code);
  } catch (_error) {
    return undefined;
  }
}

function settle(error) {
  write({ on: 'outcome', event: error ? 'failure' : 'success', error: describe(error) });
}

function absent(why) {
  write({ on: 'outcome', event: 'absent', why: why });
}

function describe(error) {
  if (!error || typeof error !== 'object' || !('message' in error)) return undefined;
  const cause = error.cause && error.cause.message;
  return { message: error.message, code: error.code, cause: cause };
}

/** At once, so that a crash or a kill loses nothing. */
function write(record) {
  fs.writeSync(1, `${JSON.stringify(record)}\n`);
}

probes[probe]();
