/**
 * The snippets of docs/observing.md as they stand, with the real prom-client, OpenTelemetry and Express, in processes of their
 * own. The packages are those of the package.json here, installed by `npm ci` if they are not there yet.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const shell = process.platform === 'win32'; // where npm is a script

const page = await readFile(path.join(ROOT, 'docs/observing.md'), 'utf8');
const snippets = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);
const [counters, spans] = ['prom-client', '@opentelemetry/api'].map((name) =>
  snippets.find((code) => code.includes(`from '${name}'`)),
) as [string, string];

beforeAll(async () => {
  if (!existsSync(`${HERE}node_modules`)) await run('npm', ['ci', '--ignore-scripts'], { cwd: HERE, shell });
}, 120_000);

/** What the program prints that imports the snippet and goes on like this. */
async function printed(snippet: string, program: string): Promise<unknown> {
  const folder = await mkdtemp(path.join(tmpdir(), 'observing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const modules = path.join(folder, 'node_modules');
  await mkdir(modules);
  for (const name of await readdir(path.join(HERE, 'node_modules'))) {
    if (!name.startsWith('.'))
      await symlink(path.join(HERE, 'node_modules', name), path.join(modules, name), 'junction');
  }
  await symlink(ROOT, path.join(modules, 'chunked-trailers'), 'junction');
  await symlink(path.join(ROOT, 'node_modules/undici'), path.join(modules, 'undici'), 'junction');
  await writeFile(path.join(folder, 'snippet.mjs'), snippet);
  await writeFile(path.join(folder, 'program.mjs'), SERVER + program);
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder });
  return JSON.parse(stdout);
}

/** `/export/:id` gives a whole body for 1, one that fails for 2, and one without an end for 3. */
const SERVER = `
  import { once } from 'node:events';
  import http from 'node:http';
  import { pipeline, Readable } from 'node:stream';
  import express from 'express';
  import { Agent, request } from 'undici';
  import { requestHeaders, respond, verify } from 'chunked-trailers';
  import { verdictOf, verifyInterceptor } from 'chunked-trailers/undici';
  import * as snippet from './snippet.mjs';

  async function* source(id) {
    yield 'data';
    if (id === '2') throw new Error('the disk is gone');
    if (id === '3') await new Promise(() => {});
  }
  const app = express();
  app.get('/export/:id', (req, res) => pipeline(source(req.params.id), respond(res), () => {}));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = 'http://127.0.0.1:' + server.address().port;
  const get = (id) => new Promise((resolve) => {
    http.get(origin + '/export/' + id, { headers: requestHeaders() }, async (message) => {
      const body = verify(message).on('error', () => {});
      if (id === '3') body.once('data', () => body.destroy());
      else body.resume();
      resolve(await body.verdict);
    });
  });
  const done = (value) => {
    console.log(JSON.stringify(value));
    process.exit();
  };
`;

test('counters of prom-client: by verdict, and by the route of Express', async () => {
  const metrics = await printed(
    counters,
    `
    import { register } from 'prom-client';
    for (const id of ['1', '1', '2', '3']) await get(id);
    const dispatcher = new Agent().compose(verifyInterceptor());
    const { body } = await request(origin + '/export/1', { dispatcher });
    await body.text();
    while ((await (await register.getSingleMetric('http_responses_ended_total')).get()).values.length < 3) await new Promise(setImmediate);
    const all = await register.getMetricsAsJSON();
    done(all.map(({ values }) => values.map(({ labels: { origin: _, ...labels }, value }) => ({ ...labels, value }))));
    `,
  );
  expect(metrics).toEqual([
    [
      { receiver: 'verify', verdict: 'complete', value: 2 },
      { receiver: 'verify', verdict: 'failed', value: 1 },
      { receiver: 'verify', verdict: 'abandoned', value: 1 },
      { receiver: 'undici', verdict: 'complete', value: 1 },
    ],
    expect.arrayContaining([
      { route: '/export/:id', outcome: 'whole', ending: 'trailers', value: 3 },
      { route: '/export/:id', outcome: 'failed', ending: 'clean-failure', value: 1 },
      { route: '/export/:id', outcome: 'client left', ending: 'none', value: 1 },
    ]),
  ]);
});

test('an event on the OpenTelemetry span of the code that made the request', async () => {
  const spansSeen = await printed(
    spans,
    `
    import { context, trace } from '@opentelemetry/api';
    import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
    import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const tracer = trace.getTracer('test');
    await Promise.all(['1', '2', '3'].map((id) => tracer.startActiveSpan('get ' + id, async (span) => {
      await get(id);
      span.end();
    })));
    const span = tracer.startSpan('by undici');
    const response = await request(origin + '/export/2', { dispatcher: new Agent().compose(verifyInterceptor()) });
    response.body.on('error', () => {}).resume();
    await verdictOf(response).then((verdict) => snippet.noteVerdict(span, { verdict, receiver: 'undici' }));
    span.end();
    done(exporter.getFinishedSpans().map(({ name, status, events }) => ({
      name,
      code: status.code,
      events: events.map(({ name, attributes }) => ({ name, ...attributes, 'url.full': attributes['url.full']?.replace(origin, '') })),
    })));
    `,
  );
  const about = (id: number) => ({
    'chunked_trailers.receiver': 'verify',
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.response.body.size': 4,
    'url.full': `/export/${id}`,
  });
  const event = (verdict: string, rest: object) => ({
    name: 'http.response.body.verdict',
    'chunked_trailers.verdict': verdict,
    ...rest,
  });
  expect(spansSeen).toHaveLength(4);
  expect(spansSeen).toEqual(
    expect.arrayContaining([
      { name: 'get 1', code: 0, events: [event('complete', about(1))] },
      { name: 'get 2', code: 2, events: [event('failed', about(2))] },
      { name: 'get 3', code: 0, events: [event('abandoned', about(3))] },
      {
        name: 'by undici',
        code: 2,
        events: [event('failed', { 'chunked_trailers.receiver': 'undici', 'http.response.body.size': 4 })],
      },
    ]),
  );
});
