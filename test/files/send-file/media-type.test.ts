import { expect, test } from 'vitest';
import { mediaTypeOf } from '../../../src/files/media-type.ts';

test.each([
  ['/a/b.html', 'text/html; charset=utf-8'],
  ['B.TXT', 'text/plain; charset=utf-8'],
  ['a.tar.gz', 'application/gzip'],
  ['.json', 'application/octet-stream'],
  ['a.unknown', 'application/octet-stream'],
  ['a', 'application/octet-stream'],
  ['a.constructor', 'application/octet-stream'],
])('the type of %s', (file, type) => {
  expect(mediaTypeOf(file)).toBe(type);
});
