/**
 * Strategy: request targets, sent as they are, against a root that has a secret beside it and links in it. Whatever a
 * target is made of, it names something below the root or nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { serve, temporaryDirectory } from '../../support/cli.ts';
import { ask, exchange } from '../../support/peers.ts';

type Outcome = [target: string, status: number, body: string];

const BAD_REQUEST = '400 Bad Request\n';
const FORBIDDEN = '403 Forbidden\n';
const NOT_FOUND = '404 Not Found\n';

/** A root with files, beside a secret whose directory's name begins with the root's. */
async function makeRoot(): Promise<{ root: string; outside: string }> {
  const base = await temporaryDirectory();
  const root = path.join(base, 'root');
  const outside = path.join(base, 'root-secret');
  await mkdir(path.join(root, 'sub dir'), { recursive: true });
  await mkdir(outside);
  await writeFile(path.join(outside, 'secret.txt'), 'SECRET');
  await writeFile(path.join(base, 'secret.txt'), 'SECRET');
  await writeFile(path.join(root, 'sub dir', 'a b.txt'), 'spaced');
  await writeFile(path.join(root, '100%.txt'), 'percent');
  await writeFile(path.join(root, 'what?#.txt'), 'marks');
  await writeFile(path.join(root, 'grüße.txt'), 'umlaut');
  await writeFile(path.join(root, '..dots'), 'dots');
  return { root, outside };
}

async function expectOutcomes(port: number, expected: Outcome[]): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const [target] of expected) {
    const { status, body } = await ask(port, target);
    outcomes.push([target, status, body.toString()]);
  }
  expect(outcomes).toEqual(expected);
}

test('RFC 3986 §2.1: a target is percent-decoded once', async () => {
  const { port } = await serve((await makeRoot()).root);
  await expectOutcomes(port, [
    ['/sub%20dir/a%20b.txt', 200, 'spaced'],
    ['/%73ub%20dir/a%20b.txt', 200, 'spaced'],
    ['/sub%20dir//a%20b.txt', 200, 'spaced'],
    ['/./sub%20dir/./a%20b.txt', 200, 'spaced'],
    ['/sub%20dir/a%20b.txt?query=%zz', 200, 'spaced'],
    ['/100%25.txt', 200, 'percent'],
    ['/100%2525.txt', 404, NOT_FOUND],
    ['/what%3F%23.txt', 200, 'marks'],
    ['/what?#.txt', 404, NOT_FOUND],
    ['/gr%C3%BC%C3%9Fe.txt', 200, 'umlaut'],
    ['/..dots', 200, 'dots'],
    ['/sub+dir/a+b.txt', 404, NOT_FOUND],
    ['/sub%20dir/a%20b.txt/', 404, NOT_FOUND],
    ['/sub%20dir/a%20b.txt/more', 404, NOT_FOUND],
    [`/${'a'.repeat(5000)}`, 404, NOT_FOUND],
  ]);
});

test('escapes that are none, and octets that are no UTF-8, are 400', async () => {
  const { port } = await serve((await makeRoot()).root);
  await expectOutcomes(port, [
    ['/100%.txt', 400, BAD_REQUEST],
    ['/%', 400, BAD_REQUEST],
    ['/%zz', 400, BAD_REQUEST],
    ['/%2', 400, BAD_REQUEST],
    ['/%ff', 400, BAD_REQUEST],
    ['/%c0%ae%c0%ae/secret.txt', 400, BAD_REQUEST],
    ['/%00', 400, BAD_REQUEST],
    ['/sub%20dir/a%20b.txt%00.png', 400, BAD_REQUEST],
    ['relative', 400, BAD_REQUEST],
    ['*', 400, BAD_REQUEST],
  ]);
});

test('RFC 9112 §2.2: NUL and other controls in the request line are 400, and the connection is closed', async () => {
  const { port } = await serve((await makeRoot()).root);
  for (const target of ['/\0', '/sub\x01', '/a\x7f', '/a b', '/a\tb', '']) {
    const answer = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\n4\r\n400\n\r\n0\r\n\r\n$/);
  }
});

test('RFC 3986 §7.3: climbing out of the root is refused, however it is written', async () => {
  const { port } = await serve((await makeRoot()).root);
  const climbing = [
    '/../secret.txt',
    '/../root-secret/secret.txt',
    '/sub%20dir/../../secret.txt',
    '/sub%20dir/..',
    '/..',
    '/%2e%2e/secret.txt',
    '/%2E./secret.txt',
    '/..%2fsecret.txt',
    '/..%2Froot-secret%2Fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..\\secret.txt',
    '/..%5csecret.txt',
    '/sub%20dir%5c..%5c..%5csecret.txt',
    '//../secret.txt',
    '/./../secret.txt',
    '/../../../../../../../../etc/passwd',
  ];
  await expectOutcomes(
    port,
    climbing.map((target): Outcome => [target, 403, FORBIDDEN]),
  );
});

test('what only looks like climbing names nothing', async () => {
  const { port } = await serve((await makeRoot()).root);
  await expectOutcomes(port, [
    ['/%252e%252e/secret.txt', 404, NOT_FOUND],
    ['/.../secret.txt', 404, NOT_FOUND],
    ['//etc/passwd', 404, NOT_FOUND],
    ['/%2fetc%2fpasswd', 404, NOT_FOUND],
    ['/~root', 404, NOT_FOUND],
    ['/root-secret/secret.txt', 404, NOT_FOUND],
  ]);
});

test('links lead anywhere within the root, and not out of it', async () => {
  const { root, outside } = await makeRoot();
  await symlink(path.join(root, '100%.txt'), path.join(root, 'inside'));
  await symlink('sub dir', path.join(root, 'inside-directory'));
  await symlink('.', path.join(root, 'itself'));
  await symlink(path.join(outside, 'secret.txt'), path.join(root, 'out'));
  await symlink(outside, path.join(root, 'out-directory'));
  await symlink('..', path.join(root, 'up'));
  await symlink('nowhere', path.join(root, 'broken'));
  await symlink('loop', path.join(root, 'loop'));
  const { port } = await serve(root);
  await expectOutcomes(port, [
    ['/inside', 200, 'percent'],
    ['/inside-directory/a%20b.txt', 200, 'spaced'],
    ['/itself/itself/inside', 200, 'percent'],
    ['/out', 403, FORBIDDEN],
    ['/out-directory', 403, FORBIDDEN],
    ['/out-directory/secret.txt', 403, FORBIDDEN],
    ['/up/secret.txt', 403, FORBIDDEN],
    ['/up/root/inside', 200, 'percent'],
    ['/broken', 404, NOT_FOUND],
    ['/loop', 404, NOT_FOUND],
  ]);
});

test('a root that is a link itself', async () => {
  const { root } = await makeRoot();
  const link = path.join(await temporaryDirectory(), 'a link');
  await symlink(root, link);
  const { port } = await serve(link);
  await expectOutcomes(port, [
    ['/100%25.txt', 200, 'percent'],
    ['/../secret.txt', 403, FORBIDDEN],
  ]);
});

test('what is neither file nor directory is not waited for', async () => {
  const { root } = await makeRoot();
  execFileSync('mkfifo', [path.join(root, 'fifo')]);
  const { port } = await serve(root);
  await expectOutcomes(port, [['/fifo', 404, NOT_FOUND]]);
});
