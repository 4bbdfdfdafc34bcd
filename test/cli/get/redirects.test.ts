/**
 * Strategy: servers written by hand that redirect the built program's `get`; what it asks for next, what it takes along
 * to another origin, and where it stops.
 */
import { describe, expect, test } from 'vitest';
import { type Ended, run } from '../../support/cli.ts';
import { type RawServer, rawServer } from '../../support/peers.ts';

const ARRIVED = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\narrived';

/** Redirects `/start` to the location, and welcomes everybody else. */
function redirecting(location: string, status = '302 Found'): Promise<RawServer> {
  return rawServer((socket, request) => {
    const isStart = request.startsWith('GET /start ');
    socket.end(isStart ? `HTTP/1.1 ${status}\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n` : ARRIVED);
  });
}

function startLines({ requests }: RawServer): string[] {
  return requests.map((request) => request.slice(0, request.indexOf('\r\n')));
}

function fieldsOf(request: string | undefined, ...names: string[]): string[] {
  return (request ?? '').split('\r\n').filter((line) => names.includes(line.split(':')[0]!.toLowerCase()));
}

const get = (url: string, ...options: string[]): Promise<Ended> => run(['get', url, ...options]);

test('credentials in a Location are not said', async () => {
  const server = await rawServer((socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: http://me:secret@h/\r\n\r\n`));
  const { code, stderr } = await get(server.url, '--max-redirects', '0');
  expect({ code, stderr }).toEqual({ code: 4, stderr: 'error: More than 0 redirects; the last one to http://h/\n' });
});

describe('RFC 9110 §15.4: followed', () => {
  test.each([
    '301 Moved Permanently',
    '302 Found',
    '303 See Other',
    '307 Temporary Redirect',
    '308 Permanent Redirect',
  ])('%s', async (status) => {
    const server = await redirecting('/next', status);
    expect(await get(`${server.url}start`)).toMatchObject({ code: 0, stdout: 'arrived' });
    expect(startLines(server)).toEqual(['GET /start HTTP/1.1', 'GET /next HTTP/1.1']);
  });

  test.each([
    ['/a/b?c=d', '/a/b?c=d'],
    ['a', '/a'],
    ['../../a', '/a'],
    ['?a=b', '/start?a=b'],
    ['/a#fragment', '/a'],
    ['/a b', '/a%20b'],
    ['/ü', '/%C3%BC'], // sent as UTF-8, as servers do that forget to encode it
  ])('RFC 9110 §10.2.2: Location: %s, relative to the one before', async (location, target) => {
    const server = await redirecting(location);
    expect(await get(`${server.url}start`)).toMatchObject({ code: 0, stdout: 'arrived' });
    expect(startLines(server)).toEqual(['GET /start HTTP/1.1', `GET ${target} HTTP/1.1`]);
  });

  test('to another origin, absolute or without a scheme', async () => {
    const other = await rawServer(ARRIVED);
    for (const location of [`${other.url}there`, `//127.0.0.1:${other.port}/there`]) {
      const server = await redirecting(location);
      expect(await get(`${server.url}start`)).toMatchObject({ code: 0, stdout: 'arrived' });
    }
    const expected = ['GET /there HTTP/1.1', `Host: 127.0.0.1:${other.port}`];
    expect(other.requests.map((request) => request.split('\r\n').slice(0, 2))).toEqual([expected, expected]);
  });

  test('however much content the redirect announces', async () => {
    const server = await rawServer((socket, request) => {
      if (request.startsWith('GET /next ')) socket.end(ARRIVED);
      else socket.write('HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 1000000\r\n\r\nnot all of it');
    });
    expect(await get(`${server.url}start`)).toMatchObject({ code: 0, stdout: 'arrived' });
  });

  test('and the status of the last one counts', async () => {
    const missing = await rawServer('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const server = await redirecting(missing.url);
    const { code, stderr } = await get(`${server.url}start`);
    expect({ code, stderr }).toEqual({ code: 4, stderr: `error: HTTP 404 Not Found for ${missing.url}\n` });
  });
});

describe('RFC 9110 §15.4: what is for the first origin alone', () => {
  const SECRETS = ['-H', 'Authorization: Bearer t', '-H', 'cookie: a=b', '-H', 'Proxy-Authorization: c', '-H', 'X: y'];

  test('stays there', async () => {
    const other = await rawServer(ARRIVED);
    const server = await redirecting(other.url);
    await get(`${server.url}start`, ...SECRETS);
    const names = ['authorization', 'cookie', 'proxy-authorization', 'x'];
    expect(fieldsOf(server.requests[0], ...names)).toEqual([
      'Authorization: Bearer t',
      'cookie: a=b',
      'Proxy-Authorization: c',
      'X: y',
    ]);
    expect(fieldsOf(other.requests[0], ...names)).toEqual(['X: y']);
  });

  test('goes along within it', async () => {
    const server = await redirecting('/next');
    await get(`${server.url}start`, ...SECRETS);
    expect(fieldsOf(server.requests[1], 'authorization', 'cookie')).toEqual(['Authorization: Bearer t', 'cookie: a=b']);
  });

  test('does not come back with a redirect to it', async () => {
    const locations: string[] = [];
    const other = await rawServer((socket) =>
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${locations[0]}\r\nContent-Length: 0\r\n\r\n`),
    );
    const server = await redirecting(other.url);
    locations.push(`${server.url}back`);
    expect(await get(`${server.url}start`, ...SECRETS)).toMatchObject({ code: 0, stdout: 'arrived' });
    expect(fieldsOf(server.requests[1], 'authorization', 'cookie', 'x')).toEqual(['X: y']);
  });

  test('the password of the URL is such', async () => {
    const other = await rawServer(ARRIVED);
    const server = await redirecting(other.url);
    await get(`http://me:hunter2@127.0.0.1:${server.port}/start`);
    expect(fieldsOf(server.requests[0], 'authorization')).toEqual(['Authorization: Basic bWU6aHVudGVyMg==']);
    expect(fieldsOf(other.requests[0], 'authorization')).toEqual([]);
  });

  test('another host name of the same server is another origin', async () => {
    const locations: string[] = [];
    const server = await rawServer((socket, request) => {
      const isStart = request.startsWith('GET /start ');
      socket.end(isStart ? `HTTP/1.1 302 Found\r\nLocation: ${locations[0]}\r\nContent-Length: 0\r\n\r\n` : ARRIVED);
    });
    locations.push(`http://localhost:${server.port}/next`);
    await get(`${server.url}start`, ...SECRETS);
    expect(fieldsOf(server.requests[1], 'host', 'authorization', 'x')).toEqual([
      `Host: localhost:${server.port}`,
      'X: y',
    ]);
  });
});

describe('4: not followed', () => {
  test.each([
    ['a Location that is none', 'http://[', 'error: HTTP 302 without a Location that can be followed\n'],
    ['another scheme', 'ftp://127.0.0.1/', 'error: HTTP 302 redirects to ftp: which is not followed\n'],
    ['a file', 'file:///etc/passwd', 'error: HTTP 302 redirects to file: which is not followed\n'],
  ])('%s', async (_, location, stderr) => {
    const server = await redirecting(location);
    expect(await get(`${server.url}start`)).toEqual({ code: 4, signal: null, stdout: '', stderr });
  });

  test('no Location', async () => {
    const { url } = await rawServer('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n');
    const stderr = 'error: HTTP 302 without a Location that can be followed\n';
    expect(await get(url)).toEqual({ code: 4, signal: null, stdout: '', stderr });
  });

  test('a loop, after ten', async () => {
    const server = await redirecting('/start');
    const stderr = `error: More than 10 redirects; the last one to ${server.url}start\n`;
    expect(await get(`${server.url}start`)).toEqual({ code: 4, signal: null, stdout: '', stderr });
    expect(server.requests.length).toBe(11);
  });

  test('--max-redirects 1: one, but not two', async () => {
    const two = await rawServer((socket, request) => {
      const next = { 'GET /0': '/1', 'GET /1': '/2' }[request.slice(0, 6)];
      socket.end(next ? `HTTP/1.1 302 Found\r\nLocation: ${next}\r\nContent-Length: 0\r\n\r\n` : ARRIVED);
    });
    const stderr = `error: More than 1 redirects; the last one to ${two.url}2\n`;
    expect(await get(`${two.url}0`, '--max-redirects', '1')).toMatchObject({ code: 4, stderr });
    expect(await get(`${two.url}1`, '--max-redirects', '1')).toMatchObject({ code: 0, stdout: 'arrived' });
    expect(await get(`${two.url}1`, '--max-redirects', '0')).toMatchObject({ code: 4 });
  });
});
