/** Strategy: which URLs are of the same content, by table: one that was signed anew, and not one that asks for another. */
import { describe, expect, test } from 'vitest';
import { identityOf } from '../../../src/files/download/attempt.ts';

const isSame = (one: string, other: string) =>
  identityOf(new URL(one, 'http://h/')) === identityOf(new URL(other, 'http://h/'));

describe('the same', () => {
  test.each([
    ['/a?X-Amz-Date=1&X-Amz-Signature=a', '/a?X-Amz-Date=2&X-Amz-Signature=b'],
    ['/a?Expires=1&Signature=a&Key-Pair-Id=k', '/a?Expires=2&Signature=b&Key-Pair-Id=k'],
    ['/a?id=1&sv=1&se=1&sp=r&sig=a', '/a?id=1&sv=1&se=2&sp=r&sig=b'],
    ['/a?token=a&expires=1', '/a?token=b&expires=2'],
    ['/a?b=c', '/a?b=c#d'],
  ])('%s and %s', (one, other) => {
    expect(isSame(one, other)).toBe(true);
  });
});

describe('others', () => {
  test.each([
    ['/a?sp=1', '/a?sp=2'],
    ['/a?policy=1', '/a?policy=2'],
    ['/a?expires=1', '/a?expires=2'],
    ['/a?id=1&sig=a', '/a?id=2&sig=a'],
    ['/a?b=c', '/a?b=d'],
    ['/a', '/b'],
    ['http://h/a', 'https://h/a'],
  ])('%s and %s', (one, other) => {
    expect(isSame(one, other)).toBe(false);
  });
});
