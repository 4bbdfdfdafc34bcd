/** What serves files, and `res.send`, has a length: `seal` leaves the heads as they are. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requestHeaders, seal } from '../../src/node/index.ts';
import { STATIC_APPS } from './static-app.js';

interface Answer {
  path: string;
  status: number;
  fields: IncomingHttpHeaders;
  body: string;
  trailers: object;
}

/** What each of them answers, so that all of these are compared. */
const STATUSES: Record<string, number[]> = {
  'koa-static and koa-send': [200, 302, 404], // they know no Range, and no validators
  'serve-handler': [200, 206, 304, 404, 416],
  others: [200, 206, 302, 304, 404, 416],
};

async function answers(app: string, isSealed: boolean, folder: string): Promise<Answer[]> {
  const server = await STATIC_APPS[app]!(isSealed ? seal : (res: ServerResponse) => res, folder);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const get = (path: string, headers = {}, method = 'GET') =>
    new Promise<Answer>((resolve, reject) => {
      const options = { port, path, method, headers: { ...requestHeaders(), ...headers } };
      const request = http.request(options, (message) => {
        let body = '';
        message.setEncoding('latin1').on('data', (text) => (body += text));
        const { date: _date, ...fields } = message.headers;
        const { statusCode: status, trailers } = message;
        message.on('end', () => resolve({ path, status: status!, fields, body, trailers }));
      });
      request.on('error', reject).end();
    });
  const all: Answer[] = [];
  for (const path of ['/send', '/json', '/file', '/download', '/redirect', '/a.txt', '/none']) {
    all.push(await get(path), await get(path, {}, 'HEAD'));
  }
  all.push(await get('/a.txt', { Range: 'bytes=2-5' }), await get('/a.txt', { Range: 'bytes=900-' }));
  all.push(await get('/a.txt', { 'If-None-Match': all[10]!.fields.etag ?? '"none"' }));
  server.close();
  server.closeAllConnections();
  return all;
}

test.each(Object.keys(STATIC_APPS))('%s: the same answers with a seal as without', async (app) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealed-static-'));
  writeFileSync(join(folder, 'a.txt'), 'a line of it\n'.repeat(50));
  try {
    const plain = await answers(app, false, folder);
    const sealed = await answers(app, true, folder);
    // serve-handler says 404 in chunks: that is sealed.
    const hasLength = plain.map(({ fields }) => fields['transfer-encoding'] === undefined);
    expect(sealed.filter((_, i) => hasLength[i])).toEqual(plain.filter((_, i) => hasLength[i]));
    const statuses = plain.map(({ status }) => status);
    expect(statuses).toEqual(expect.arrayContaining(STATUSES[app] ?? STATUSES.others!));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
