/** Strategy: what is to be sent for an error; overrides good and bad, since the client is owed an answer. */
import { describe, expect, test } from 'vitest';
import { errorMessage, type MakeErrorResponse } from '../../../src/node/send/response-head.ts';
import { latin1 } from '../../support/octets.ts';

const ERROR = new Error('secret');

function message(make?: MakeErrorResponse) {
  const { status, fields, content } = errorMessage(ERROR, make);
  return { status, fields, content: latin1(content) };
}

const PROBLEM = {
  status: 500,
  fields: [
    ['Content-Type', 'application/problem+json'],
    ['Content-Length', '68'],
  ],
  content: '{"type":"about:blank","title":"Internal Server Error","status":500}\n',
};

test('RFC 9457 §3: by default, a problem that says no more than the status', () => {
  expect(message()).toEqual(PROBLEM);
});

test('another default status is that of the problem, too', () => {
  const { status, content } = errorMessage(ERROR, undefined, 505);
  expect(status).toBe(505);
  expect(JSON.parse(latin1(content))).toEqual({
    type: 'about:blank',
    title: 'HTTP Version Not Supported',
    status: 505,
  });
});

describe('the override', () => {
  test('sees the error; its status names the problem', () => {
    const { status, content } = message((given) => (given === ERROR ? { status: 404 } : undefined));
    expect(status).toBe(404);
    expect(JSON.parse(content)).toEqual({ type: 'about:blank', title: 'Not Found', status: 404 });
  });

  test('a status without a name is a problem all the same', () => {
    expect(JSON.parse(message(() => ({ status: 499 })).content)).toMatchObject({ status: 499 });
  });

  test('fields and body; a string is sent as UTF-8', () => {
    const headers = { 'Content-Type': 'text/plain', 'Retry-After': 5 };
    expect(message(() => ({ status: 503, headers, body: 'sp\u00e4ter' }))).toEqual({
      status: 503,
      fields: [
        ['Content-Type', 'text/plain'],
        ['Retry-After', '5'],
        ['Content-Length', '7'],
      ],
      content: 'sp\xc3\xa4ter',
    });
  });

  test('a body of its own gets no type of ours', () => {
    expect(message(() => ({ body: Uint8Array.of(0, 255) }))).toEqual({
      status: 500,
      fields: [['Content-Length', '2']],
      content: '\0\xff',
    });
    expect(message(() => ({ body: '' })).fields).toEqual([['Content-Length', '0']]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('again');
      },
    ],
    ['gives undefined', () => undefined],
    ['gives null', () => null],
    ['gives a status that is none', () => ({ status: 42 })],
    ['gives an interim status', () => ({ status: 103 })],
    ['gives a status of success', () => ({ status: 200 })],
    ['RFC 9112 §6.3: gives a status that has no content', () => ({ status: 204, body: 'the next response?' })],
    ['RFC 9112 §6.3: gives 304', () => ({ status: 304 })],
    ['gives a field with a line break', () => ({ headers: { A: 'b\r\nc: d' } })],
    ['gives a Content-Length of its own', () => ({ headers: { 'Content-Length': 5 } })],
    ['gives a body of another type', () => ({ body: 5 })],
    ['gives an object for a body', () => ({ body: { length: 5 } })],
    ['gives a Symbol for a body', () => ({ body: Symbol('a') })],
    ['gives a promise', async () => ({ status: 404 })],
  ])('one that %s gets the default instead', (_, make) => {
    expect(message(make as unknown as MakeErrorResponse)).toEqual(PROBLEM);
  });
});
