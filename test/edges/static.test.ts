/** `express.static`, `res.sendFile` and `res.send` have a length: `seal` leaves their heads as they are. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requestHeaders, seal } from '../../src/node/index.ts';
import { staticApp } from './static-app.js';

async function answers(isSealed: boolean, folder: string): Promise<unknown[]> {
  const app = staticApp(isSealed ? seal : (res) => res, folder);
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const get = (path: string, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const options = { port, path, method, headers: { ...requestHeaders(), ...headers } };
      const request = http.request(options, (message) => {
        let body = '';
        message.setEncoding('latin1').on('data', (text) => (body += text));
        const { date: _date, ...fields } = message.headers;
        message.on('end', () => resolve([path, message.statusCode, fields, body, message.trailers]));
      });
      request.on('error', reject).end();
    });
  const all = [];
  for (const path of ['/send', '/json', '/file', '/download', '/redirect', '/a.txt', '/none']) {
    all.push(await get(path), await get(path, {}, 'HEAD'));
  }
  all.push(await get('/a.txt', { Range: 'bytes=2-5' }), await get('/a.txt', { Range: 'bytes=900-' }));
  const [, , { etag }] = all[10] as [string, number, { etag: string }];
  all.push(await get('/a.txt', { 'If-None-Match': etag }));
  server.close();
  server.closeAllConnections();
  return all;
}

test('the same answers with a seal as without', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-static-'));
  writeFileSync(join(folder, 'a.txt'), 'a line of it\n'.repeat(50));
  try {
    const sealed = await answers(true, folder);
    expect(sealed).toEqual(await answers(false, folder));
    expect(sealed.map((one) => (one as unknown[])[1])).toEqual(expect.arrayContaining([200, 206, 302, 304, 404, 416]));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
