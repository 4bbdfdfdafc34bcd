/**
 * The snippets of the guides that need a framework, as they stand but for the port, each in a process of its own: a source
 * that comes to its end, and one that fails in the middle.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { requestHeaders, seal, verify } from '../../src/node/index.ts';
import { verifyResponse } from '../../src/web/index.ts';
import { ROOT, snippet } from '../support/guides.ts';

const SEND = 'docs/send.md';
const WHOLE = '1,a name\n2,a name\n';

const ROWS = `
import { Readable } from 'node:stream';
export const rows = () => Readable.from((async function* () {
  yield '1,a name\\n';
  await new Promise(setImmediate);
  if (process.env.FAILS) throw new Error('the disk is gone');
  yield '2,a name\\n';
})(), { objectMode: false });
`;

/** Whatever listens says where. */
const TELL_PORT = `
import net from 'node:net';
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (...args) {
  this.once('listening', () => console.log('port', this.address().port));
  return listen.apply(this, args);
};
`;

/** Runs the snippet until the test ends. */
async function serving(code: string, fails = false): Promise<{ origin: string; folder: string }> {
  const folder = mkdtempSync(join(ROOT, 'test/edges', 'guides-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/chunked-trailers'), 'junction');
  writeFileSync(join(folder, 'rows.js'), ROWS);
  writeFileSync(join(folder, 'tell-port.js'), TELL_PORT);
  expect(code).toContain('8080');
  writeFileSync(join(folder, 'server.js'), code.replace('8080', '0'));
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'test', FAILS: fails ? '1' : '' };
  const preload = pathToFileURL(join(folder, 'tell-port.js')).href;
  const child = spawn(process.execPath, ['--import', preload, 'server.js'], { cwd: folder, env });
  onTestFinished(() => void child.kill());
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  for await (const data of child.stdout) {
    const [, port] = /^port (\d+)$/m.exec(String(data)) ?? [];
    if (port !== undefined) return { origin: `http://127.0.0.1:${port}`, folder };
  }
  throw new Error(`it does not listen: ${said}`);
}

async function read(url: string): Promise<string> {
  const [message] = await once(http.get(url, { headers: requestHeaders(), agent: false }), 'response');
  const body = verify(message as IncomingMessage, { require: 'always' });
  const content = await text(body).catch((error) => error.code);
  return `${(message as IncomingMessage).headers['content-type']} ${(await body.verdict).kind} ${content}`;
}

test.each([
  ['Express', snippet(SEND, 'respond(res.type'), ['/proven']],
  ['Fastify', snippet(SEND, 'fastify'), ['/sealed', '/proven']],
  ['Koa', snippet(SEND, 'new Koa'), ['/sealed', '/proven']],
  ['Hono', snippet(SEND, 'RESPONSE_ALREADY_SENT'), ['/sealed', '/proven']],
  ['below every middleware', snippet(SEND, 'SealedServerResponse'), ['/sealed']],
])('%s: a whole body is complete, and one that fails is failed', async (_name, code, paths) => {
  const { origin } = await serving(code);
  const broken = await serving(code, true);
  for (const path of paths) {
    expect(await read(origin + path)).toMatch(new RegExp(`^text/csv(; charset=utf-8)? complete ${WHOLE}$`));
    expect(await read(broken.origin + path)).toMatch(/^text\/csv(; charset=utf-8)? failed ERR_BODY_FAILED$/);
    expect(await (await fetch(origin + path)).text()).toBe(WHOLE);
    await expect(fetch(broken.origin + path).then((response) => response.text())).rejects.toThrow('terminated');
  }
});

test('an upload is kept if it is sealed and whole', async () => {
  const { origin, folder } = await serving(snippet('docs/uploads.md', "from 'express'"));
  const put = async (isSealed: boolean) => {
    const headers = { 'Transfer-Encoding': 'chunked' };
    const request = http.request(`${origin}/export`, { method: 'PUT', headers, agent: false });
    if (isSealed) seal(request);
    request.write('1,a name\n');
    request.end('2,a name\n');
    const [message] = await once(request, 'response');
    return `${(message as IncomingMessage).statusCode} ${await text(message as IncomingMessage)}`;
  };
  expect(await put(false)).toBe('400 ERR_BODY_UNVERIFIED');
  expect(existsSync(join(folder, 'upload.csv'))).toBe(false);
  expect(await put(true)).toBe('201 Created');
  expect(readFileSync(join(folder, 'upload.csv'), 'utf8')).toBe(WHOLE);
});

test('a handler that returns a Response is sealed in its content, for those who accept that', async () => {
  const { origin } = await serving(snippet('docs/pages.md', 'sealedResponse'));
  const plain = await fetch(`${origin}/export`);
  expect([plain.headers.get('content-type'), await plain.text()]).toEqual(['text/csv', WHOLE]);
  const asked = await fetch(`${origin}/export`, { headers: { Accept: 'application/vnd.chunked-trailers' } });
  const verified = verifyResponse(asked, { require: 'always' });
  expect([verified.headers.get('content-type'), await verified.text()]).toEqual(['text/csv', WHOLE]);
  expect((await verified.verdict).kind).toBe('complete');
});
