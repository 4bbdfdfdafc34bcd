/** What the interceptor adds to a request, in every shape in which undici takes headers; and what goes over the wire. */
import { describe, expect, test } from 'vitest';
import { askingHeaders } from '../../src/undici/asking.ts';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import { origin } from '../support/servers.ts';
import { agentOf, CLIENTS, COPIES, type Dispatcher } from './clients.ts';

const TE = ['TE', 'trailers'];
const STATUS = ['X-Want-Stream-Status', '?1'];
const DIGEST = ['Want-Content-Digest', 'sha-256=10'];

/** An iterable as pairs, anything else as it is. */
const shown = (headers: unknown) =>
  headers && typeof headers === 'object' && !Array.isArray(headers) && Symbol.iterator in headers
    ? { pairs: [...(headers as Iterable<unknown>)] }
    : headers;

describe('askingHeaders', () => {
  const fields = Object.fromEntries([TE, STATUS, DIGEST]);
  test.each([
    ['nothing', undefined, fields],
    ['null', null, fields],
    ['an object', { a: '1' }, { a: '1', ...fields }],
    ['an object with one of them', { te: 'gzip' }, { te: 'gzip', ...Object.fromEntries([STATUS, DIGEST]) }],
    ['an object with one that is undefined', { te: undefined }, { te: undefined, ...fields }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: '1' }), { a: '1', ...fields }],
    ['names and values in turn', ['a', '1'], ['a', '1', ...TE, ...STATUS, ...DIGEST]],
    ['names and values with one of them', ['WANT-CONTENT-DIGEST', 'x'], ['WANT-CONTENT-DIGEST', 'x', ...TE, ...STATUS]],
    ['a value that is named as a field', ['a', 'te'], ['a', 'te', ...TE, ...STATUS, ...DIGEST]],
    ['a Map', new Map([['a', '1']]), { pairs: [['a', '1'], TE, STATUS, DIGEST] }],
    ['a Map with a list', new Map([['a', ['1', '2']]]), { pairs: [['a', ['1', '2']], TE, STATUS, DIGEST] }],
    ['Headers', new Headers({ TE: 'gzip' }), { pairs: [['te', 'gzip'], STATUS, DIGEST] }],
    ['a generator', pairsOnce(), { pairs: [['a', '1'], TE, STATUS, DIGEST] }],
    ['what is none', 'a: 1', 'a: 1'],
  ])('%s', (_, given, expected) => {
    expect(shown(askingHeaders(given, 'sha-256'))).toEqual(expected);
  });

  test('what was given is left as it was', () => {
    const [list, record] = [['a', '1'], { a: '1' }];
    askingHeaders(list, 'sha-256');
    askingHeaders(record, 'sha-256');
    expect([list, record]).toEqual([['a', '1'], { a: '1' }]);
  });

  test('an object is one where somebody has made all objects iterable, as undici 7 and 8 have it', () => {
    Object.defineProperty(Object.prototype, Symbol.iterator, {
      value: () => [][Symbol.iterator](),
      configurable: true,
    });
    try {
      expect(askingHeaders({ a: '1' }, false)).toEqual({ a: '1', ...Object.fromEntries([TE, STATUS]) });
    } finally {
      Reflect.deleteProperty(Object.prototype, Symbol.iterator);
    }
  });

  test('another digest, or none', () => {
    expect(askingHeaders({}, 'sha-512')).toMatchObject({ 'Want-Content-Digest': 'sha-512=10' });
    expect(askingHeaders({}, false)).toEqual(Object.fromEntries([TE, STATUS]));
  });
});

function* pairsOnce() {
  yield ['a', '1'];
}

class OwnFields {
  'x-own' = 'own';
  get 'x-inherited'() {
    return 'inherited';
  }
}

/** Each made anew, since some can be read once. */
const SHAPES: [name: string, make: () => unknown][] = [
  ['an object', () => ({ 'X-Own': 'own' })],
  ['an object with a list', () => ({ 'X-Own': ['one', 'two'] })],
  ['an object with a number', () => ({ 'X-Own': 1 })],
  ['an object with undefined', () => ({ 'X-Own': undefined })],
  ['an object with null', () => ({ 'X-Own': null })],
  ['an object without a prototype', () => Object.assign(Object.create(null), { 'X-Own': 'own' })],
  ['an object of a class', () => new OwnFields()],
  ['names and values in turn', () => ['X-Own', 'one', 'X-Own', 'two']],
  [
    'Headers',
    () =>
      new Headers([
        ['X-Own', 'one'],
        ['X-Own', 'two'],
      ]),
  ],
  ['a Map', () => new Map([['X-Own', 'own']])],
  ['a Set of pairs', () => new Set([['X-Own', 'own']])],
  ['a generator of pairs', pairsOnce],
  ['a list with a name without a value', () => ['X-Own']],
  ['pairs in a list', () => [['X-Own', 'own']]],
  [
    'two pairs in a list',
    () => [
      ['X-Own', 'one'],
      ['X-Own', 'two'],
    ],
  ],
  ['a Set of strings', () => new Set(['X-Own: own'])],
  ['a Set of strings of two characters', () => new Set(['ab'])],
  ['a Set of triples', () => new Set([['X-Own', 'own', '']])],
  ['a Set of numbers', () => new Set([1])],
  ['a Map of an object', () => new Map([['X-Own', {}]])],
  ['a Map with a name that is no string', () => new Map([[1, 'own']])],
  ['an object of an object', () => ({ 'X-Own': {} })],
  ['a name that is none', () => ({ 'X Own': 'own' })],
  ['a value with a line feed', () => ({ 'X-Own': 'a\nb' })],
  ['a string', () => 'X-Own: own'],
  ['a String', () => new String('ab')],
  ['a number', () => 1],
  ['true', () => true],
  ['false', () => false],
  [
    'an iterator that throws',
    () => ({
      [Symbol.iterator]: () => {
        throw new Error('no fields');
      },
    }),
  ],
];

async function recordingUrl(): Promise<{ url: string; heads: string[] }> {
  const heads: string[] = [];
  const port = await origin((socket, head) => {
    heads.push(head);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  return { url: `http://127.0.0.1:${port}/`, heads };
}

/** The values of a field in a head, in order. */
const valuesOf = (head: string, name: string) =>
  Array.from(head.matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gim')), ([, value]) => value);

describe.each(COPIES)('whatever headers $name takes, and whatever it refuses', (copy) => {
  test.each(SHAPES)('%s', async (_, make) => {
    const { url, heads } = await recordingUrl();
    const agent = agentOf(copy);
    const ask = async (dispatcher: Dispatcher) => {
      try {
        const { body } = await copy.undici.request(url, { dispatcher, headers: make() });
        await body.text();
      } catch (error) {
        return String(error);
      }
      const lines = heads.at(-1)!.toLowerCase().split('\r\n').slice(1);
      return lines.filter((line) => !/^(te|x-want-stream-status|want-content-digest):/.test(line));
    };
    const without = await ask(agent);
    expect(await ask(agent.compose(verifyInterceptor()))).toEqual(without);
  });
});

describe.each(CLIENTS)('over the wire, $name', ({ read }) => {
  test('RFC 9110 §10.1.4, RFC 9530 §4: each field once', async () => {
    const { url, heads } = await recordingUrl();
    await read(url, { headers: { 'X-Own': 'own' } });
    const [head] = heads as [string];
    expect(valuesOf(head, 'TE')).toEqual(['trailers']);
    expect(valuesOf(head, 'X-Want-Stream-Status')).toEqual(['?1']);
    expect(valuesOf(head, 'Want-Content-Digest')).toEqual(['sha-256=10']);
    expect(valuesOf(head, 'X-Own')).toEqual(['own']);
  });

  test('what the caller sets stands', async () => {
    const { url, heads } = await recordingUrl();
    await read(url, { headers: { 'want-content-digest': 'sha-512=1', 'x-want-stream-status': '?0' } });
    const [head] = heads as [string];
    expect(valuesOf(head, 'Want-Content-Digest')).toEqual(['sha-512=1']);
    expect(valuesOf(head, 'X-Want-Stream-Status')).toEqual(['?0']);
  });
});

test.each(COPIES)('digest: "sha-512" is asked for, $name', async (copy) => {
  const { url, heads } = await recordingUrl();
  const dispatcher = agentOf(copy).compose(verifyInterceptor({ digest: 'sha-512' }));
  const { body } = await copy.undici.request(url, { dispatcher });
  await body.text();
  expect(valuesOf(heads[0]!, 'Want-Content-Digest')).toEqual(['sha-512=10']);
});

test.each(COPIES)('why Connection: TE is not sent, $name', async (copy) => {
  const { url, heads } = await recordingUrl();
  const options = { dispatcher: agentOf(copy), headers: { TE: 'trailers', Connection: 'TE' } };
  const asked = copy.undici.request(url, options).then(({ body }) => body.text());
  if (copy.major === 6) await expect(asked).rejects.toThrow('invalid connection header');
  else {
    await asked;
    expect(valuesOf(heads[0]!, 'Connection')).toEqual(['keep-alive']);
  }
});
