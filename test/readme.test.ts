/**
 * README and the guides are run: each snippet as it stands, with another port; each table against the code or the page that
 * its figures come from; and the other way round, every public code, limit and exit code stands in its guide. What a snippet
 * needs a framework for is run where that is (ELSEWHERE); what cannot run says why (FRAGMENTS).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../src/cli/exit-codes.ts';
import { DEFAULT_LIMITS } from '../src/core/limits.ts';
import { PAGES, ROOT, readPage, snippet, snippetsIn } from './support/guides.ts';

const readme = readPage('README.md');
const FAILING_SOURCE = "(async function* () { yield 'half'; throw new Error('no disk'); })";
const CONTENT = 'id,name\n'.repeat(50_000);
const SEND = 'docs/send.md';
const RECEIVE = 'docs/receive.md';

const httpServer = snippet('README.md', "from 'node:http';\nimport { pipeline }");
const rawOnce = snippet('README.md', 'readRequest');
const client = snippet('README.md', 'verify(response)');
const downloading = snippet('README.md', 'download(');
const rawServer = snippet(SEND, 'for (;;)');
const rowsFile = snippet(SEND, 'export const rows');
const describing = snippet(SEND, 'describeError');
const events = snippet(SEND, 'flushHeaders');
const draining = snippet(SEND, 'drain(');
const http2Server = snippet(SEND, 'node:http2');
const core = snippet(SEND, 'decodeChunked');
const httpClient = snippet(RECEIVE, 'copy.csv.new');
const fetching = snippet(RECEIVE, 'verifyInterceptor');
const rawClient = snippet(RECEIVE, 'receive(socket)');
const http2Client = snippet(RECEIVE, 'node:http2');
const relaying = snippet(RECEIVE, 'relay(response, res)');
const downloadingIt = snippet('docs/downloads.md', 'resume: true');
const progress = snippet('docs/downloads.md', 'onProgress');
const throughput = snippet('docs/observing.md', 'SECONDS');
const files = snippet('docs/files.md', 'sendFile');
const uploading = snippet('docs/uploads.md', 'seal(request');
const inContent = snippet('docs/pages.md', 'acceptsInContent');
const page = snippet('docs/pages.md', 'verifyResponse');
const decoding = snippet('docs/pages.md', 'ChunkedDecoderStream');

const HERE = new Set([
  ...[httpServer, rawOnce, client, downloading, rawServer, describing, events, draining, http2Server, core],
  ...[
    httpClient,
    fetching,
    rawClient,
    http2Client,
    relaying,
    downloadingIt,
    progress,
    throughput,
    rowsFile,
    files,
    uploading,
    inContent,
    page,
    decoding,
  ],
]);

/** Those that need packages of their own, and the test that runs them. */
const ELSEWHERE: [page: string, text: string, test: string][] = [
  ['README.md', 'compression', 'test/edges/readme.test.ts'],
  [SEND, 'respond(res.type', 'test/edges/guides.test.ts'],
  [SEND, 'fastify', 'test/edges/guides.test.ts'],
  [SEND, 'new Koa', 'test/edges/guides.test.ts'],
  [SEND, 'RESPONSE_ALREADY_SENT', 'test/edges/guides.test.ts'],
  [SEND, 'SealedServerResponse', 'test/edges/guides.test.ts'],
  ['docs/uploads.md', "from 'express'", 'test/edges/guides.test.ts'],
  ['docs/seal.md', 'watched(parts, res)', 'test/edges/sealed.test.ts'],
  ['docs/seal.md', "from 'next'", 'test/edges/next.test.ts'],
  ['docs/seal.md', 'onRequestError', 'test/edges/next.test.ts'],
  ['docs/pages.md', 'sealedResponse', 'test/edges/guides.test.ts'],
  ['docs/observing.md', 'prom-client', 'test/observing/observing.test.ts'],
  ['docs/observing.md', 'opentelemetry', 'test/observing/observing.test.ts'],
];

/** Those that nobody runs. */
const FRAGMENTS: [page: string, text: string, reason: string][] = [];

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'read me '));
  await mkdir(path.join(folder, 'node_modules', '@types'), { recursive: true });
  await symlink(ROOT, path.join(folder, 'node_modules', 'chunked-trailers'), 'junction');
  for (const name of ['undici', '@types/node', 'undici-types']) {
    await symlink(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name), 'junction');
  }
  await writeFile(path.join(folder, 'export.csv'), CONTENT);
  await writeFile(path.join(folder, 'rows.js'), rowsFile);
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

describe('snippets', () => {
  test.each([
    ['node:http', httpServer],
    ['a raw socket', rawServer],
    ['a raw socket, once', rawOnce],
  ])('the server on %s and every client run as they stand', async (_name, server) => {
    const serving = await listening(server);
    await rm(path.join(folder, 'copy.csv'), { force: true });
    const read = await finish(await start('client.mjs', toPort(client, serving.port)));
    expect(read).toEqual({ code: 0, output: `complete ${CONTENT.slice(-80)}\n` });
    const verified = await finish(await start('verify.mjs', toPort(httpClient, serving.port)));
    expect(verified).toEqual({ code: 0, output: 'complete\n' });
    expect(await readFile(path.join(folder, 'copy.csv'), 'utf8')).toBe(CONTENT);
    const received = await finish(await start('receive.mjs', toPort(rawClient, serving.port)));
    expect(received).toEqual({ code: 0, output: `200 ${CONTENT.length} complete\n` });
    expect(serving.child.exitCode).toBeNull();
  });

  test('a server on a raw socket survives clients that send nothing, or something else', async () => {
    const { port, child } = await listening(rawOnce);
    for (const sent of ['', 'good morning\r\n\r\n']) {
      const { connect } = await import('node:net');
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.end(sent).resume();
      await once(socket, 'close');
    }
    const { output } = await finish(await start('after.mjs', toPort(client, port)));
    expect(output).toContain('complete');
    expect(child.exitCode).toBeNull();
  });

  test('HTTP/2: the server and the client', async () => {
    const { port } = await listening(http2Server);
    const { output } = await finish(await start('http2.mjs', toPort(http2Client, port)));
    expect(output).toBe(`200 ${CONTENT.length} complete\n`);
  });

  test('HTTP/2: the client says why a body failed', async () => {
    const { port } = await listening(http2Server.replace('rows()', FAILING_SOURCE));
    const { output } = await finish(await start('http2-failed.mjs', toPort(http2Client, port)));
    expect(output).toBe('200 The sender reported source_error failed\n');
  });

  test('no client takes an error page for the content', async () => {
    const { port } = await listening(httpServer.replace('respond(res)', 'respond(res, { status: 503 })'));
    await writeFile(path.join(folder, 'copy.csv'), 'of yesterday');
    for (const code of [client, httpClient, fetching]) {
      const { output } = await finish(await start('error-page.mjs', toPort(code, port)));
      expect(output).toContain('status 503');
      expect(output).not.toContain('complete');
    }
    expect(await readFile(path.join(folder, 'copy.csv'), 'utf8')).toBe('of yesterday');
  });

  test('the relay', async () => {
    const origin = await listening(httpServer);
    const front = await listening(toPort(relaying, origin.port).replace('8081', '8080'));
    const { output } = await finish(await start('behind.mjs', toPort(rawClient, front.port)));
    expect(output).toBe(`200 ${CONTENT.length} complete\n`);
  });

  test.each([
    ['README', downloading, httpServer],
    ['its guide, from sendFile', downloadingIt, files],
  ])('the download of %s', async (_name, code, server) => {
    const { port } = await listening(server);
    await rm(path.join(folder, 'copy.csv'), { force: true });
    const { output } = await finish(await start('download.mjs', toPort(code, port)));
    expect(output).toBe('complete\n');
    expect(await readFile(path.join(folder, 'copy.csv'), 'utf8')).toBe(CONTENT);
  });

  test('a download tells how far it is', async () => {
    const { port } = await listening(files);
    const { code, output } = await finish(await start('progress.mjs', toPort(progress, port)));
    expect([code, output.trim().split('\n').at(-1)]).toEqual([0, '100 %']);
  });

  test('throughput: the bytes of the responses that ended', async () => {
    const { port, child } = await listening(`${throughput.replace('= 10;', '= 0.1;')}\n${httpServer}`);
    let output = '';
    child.stdout!.on('data', (data) => (output += data));
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    while (!output.includes('responses: 1,')) await once(child.stdout!, 'data');
    expect(output).toContain(`responses: 1, bytes a second: ${CONTENT.length / 0.1}\n`);
  });

  test('fetch through the interceptor, whole and failing', async () => {
    const { port } = await listening(httpServer);
    const whole = await finish(await start('fetch.mjs', toPort(fetching, port)));
    expect(whole.output).toBe(`${CONTENT.length}\ncomplete\n`);
    const broken = await listening(failing(httpServer));
    const failed = await finish(await start('fetch-failed.mjs', toPort(fetching, broken.port)));
    expect(failed.output).toBe('ERR_BODY_FAILED The sender reported source_error\nfailed\n');
  });

  test("README's client says what its comment says when the source fails", async () => {
    const { port } = await listening(failing(httpServer));
    const { output } = await finish(await start('failed.mjs', toPort(client, port)));
    expect(client).toContain(`// ${output.trimEnd()}\n`);
    const read = await finish(await start('failed-raw.mjs', toPort(rawClient, port)));
    expect(read.output).toBe('ERR_BODY_FAILED The sender reported source_error\n');
  });

  test('describeError tells the client the details', async () => {
    const server = failing(httpServer).replace('respond(res)', describing.trim().replace(/;$/, ''));
    const { port } = await listening(server);
    await rm(path.join(folder, 'copy.csv'), { force: true });
    const { output } = await finish(await start('told.mjs', toPort(httpClient, port)));
    expect(output).toBe('ERR_BODY_FAILED The sender reported source_error: no disk\nfailed\n');
    await expect(readFile(path.join(folder, 'copy.csv'))).rejects.toThrow('ENOENT');
  });

  test('events', async () => {
    const { port } = await listening(events);
    const { output } = await finish(await start('events.mjs', toPort(client, port)));
    expect(output).toBe(`complete ${[1, 2, 3].map((id) => `id: ${id}\ndata: tick\n\n`).join('')}\n`);
  });

  test.skipIf(process.platform === 'win32')('drain ends the process on SIGTERM', async () => {
    const { child } = await listening(draining);
    const ended = finish(child);
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, output: '' });
  });

  test('the upload: sealed, and its end announced', async () => {
    const receiving = `
      import { createServer } from 'node:http';
      import { text } from 'node:stream/consumers';
      import { verify } from 'chunked-trailers';
      createServer(async (req, res) => {
        const { length } = await text(verify(req, { require: 'always' }));
        res.writeHead(length === ${CONTENT.length} ? 201 : 400).end();
      }).listen(8080);`;
    const { port } = await listening(receiving);
    expect(await finish(await start('upload.mjs', toPort(uploading, port)))).toEqual({ code: 0, output: '201\n' });
  });

  test('in content: the server, and both ways for a page to read it', async () => {
    const { port } = await listening(inContent);
    for (const code of [page, decoding]) {
      const { output } = await finish(await start('page.mjs', toPort(code, port)));
      expect(output).toBe(`${CONTENT.length} complete\n`);
    }
    const plain = await fetch(`http://127.0.0.1:${port}/`);
    expect([plain.headers.get('content-type'), (await plain.text()).length]).toEqual(['text/csv', CONTENT.length]);
  });

  test('the core', async () => {
    const code = `${core}\nconsole.log(String.fromCharCode(...body), JSON.stringify(trailers));`;
    const { output } = await finish(await start('core.mjs', code));
    expect(output).toBe('hello [["X-Stream-Status","ok;bytes=5"]]\n');
  });

  test('the command line: a file that is broken on purpose', async () => {
    const [serving, getting, comment] = snippet('docs/cli.md', '--fail-after', 'sh').trim().split('\n');
    const [program, get] = [serving!, getting!].map((line) =>
      line
        .replace(/ *#.*|; echo .*/, '')
        .split(' ')
        .slice(2),
    );
    const main = path.join(ROOT, 'dist/cli/main.js');
    const command = (args: string[]) => {
      const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      return child;
    };
    await writeFile(path.join(folder, 'README.md'), readme);
    const server = command([...program!, '--port', '0']);
    let said = '';
    while (!/127\.0\.0\.1:(\d+)/.test(said)) said += String((await once(server.stdout, 'data'))[0]);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(said)![1]);
    const { code } = await finish(command(get!.map((one) => toPort(one, port))));
    expect(`# ${code}, and there is no copy.md`).toBe(comment);
    await expect(readFile(path.join(folder, 'copy.md'))).rejects.toThrow('ENOENT');
  });

  test('TypeScript takes what it is given', async () => {
    const code = snippet(RECEIVE, 'BodyError', 'ts');
    await writeFile(path.join(folder, 'read.ts'), code);
    await writeFile(path.join(folder, 'options.ts'), snippet(RECEIVE, 'satisfies', 'ts'));
    const given = `import type { ServerResponse } from 'node:http';\nimport { respond, verify } from 'chunked-trailers';\n`;
    const uses = `import { options } from './options.ts';\nexport const body = (res: any) => verify(res, options);\n`;
    await writeFile(
      path.join(folder, 'describe.ts'),
      `${given}${uses}declare const res: ServerResponse;\n${describing}`,
    );
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
      '--allowImportingTsExtensions',
      'read.ts',
      'describe.ts',
    ];
    const wrong = code.replace("verdict.kind === 'failed'", "verdict.kind === 'no such'");
    execFileSync(process.execPath, [compiler, ...options], { cwd: folder, stdio: 'inherit' });
    await writeFile(path.join(folder, 'read.ts'), wrong);
    expect(() => execFileSync(process.execPath, [compiler, ...options], { cwd: folder, stdio: 'pipe' })).toThrow();
  }, 60_000);

  test('each is run, here or elsewhere, or says why it is not', async () => {
    const left: string[] = [];
    for (const [at, text, reason] of FRAGMENTS) console.warn(`NOT RUN: the snippet with ${text} in ${at}: ${reason}`);
    for (const [at, text, file] of ELSEWHERE) {
      const code = await readFile(path.join(ROOT, file), 'utf8');
      // The test names the page, and the snippet by the same words, or reads all of them.
      if (!code.includes(at)) left.push(`${file} does not run ${text} of ${at}`);
    }
    const others = new Set([...ELSEWHERE, ...FRAGMENTS].map(([at, text]) => snippet(at, text)));
    for (const at of PAGES) {
      for (const code of snippetsIn(at)) if (!HERE.has(code) && !others.has(code)) left.push(`${at}:\n${code}`);
    }
    expect(left).toEqual([]);
  });
});

describe('tables', () => {
  test('errors: every code of the source is there, and no other in any guide', async () => {
    const files = (await readdir(path.join(ROOT, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'));
    const sources = await Promise.all(files.map((file) => readFile(path.join(ROOT, 'src', file), 'utf8')));
    const named = sources.join().match(/(?<=')ERR_[A-Z_]+(?=')/g)!;
    // Node's, of which the command line makes a sentence.
    const codes = new Set(named.filter((code) => !code.startsWith('ERR_PARSE_ARGS')));
    const written = (text: string) => text.match(/ERR_[A-Z_]+/g) ?? [];
    expect(new Set(written(readPage('docs/errors.md')))).toEqual(codes);
    expect(PAGES.flatMap((at) => written(readPage(at))).filter((code) => !codes.has(code))).toEqual([]);
  });

  test('limits: every one is there with its default', () => {
    const rows = [...readPage('docs/limits.md').matchAll(/^\| `(max\w+Bytes|max\w+Fields)` \| (\w+) \|/gm)];
    expect(Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]))).toEqual(DEFAULT_LIMITS);
  });

  test('the command line: every exit code is there', () => {
    const rows = [...readPage('docs/cli.md').matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
    expect(new Set(rows)).toEqual(new Set(Object.values(EXIT)));
  });

  test('README is as long as a newcomer reads', () => {
    expect(readme.split('\n').length - 1).toBeLessThanOrEqual(200);
  });

  test('README, clients: as docs/clients.md has measured', () => {
    const measured = tableRows(readPage('docs/clients.md'));
    const rowOf = (name: string) => {
      const found = measured.find(([first]) => first!.replaceAll('`', '').includes(name.replaceAll('`', '')));
      if (found === undefined) throw new Error(`docs/clients.md has no row of ${name}`);
      return found.slice(1);
    };
    const plainly = (cell: string) =>
      cell.startsWith('failure (failed:') ? 'failure, and why' : cell.replace(/ \(.*\)$/, '');
    const rows = tableRows(readme.slice(readme.indexOf('| client | plain Node'))).slice(1, 4);
    const named: string[] = [];
    for (const [names, ...cells] of rows) {
      const each = names!.startsWith('`verify`') ? [names!] : names!.split(', ');
      named.push(...each);
      for (const name of each) {
        const known = { "PHP's streams": 'PHP', "Perl's LWP": 'LWP' }[name] ?? name;
        expect(rowOf(known).map(plainly), name).toEqual(cells);
      }
    }
    expect(named.length).toBe(11);
  });

  test('README, proxies: those of docs/proxies.md', () => {
    const measured = new Set(tableRows(readPage('docs/proxies.md')).map(([name]) => name));
    const rows = tableRows(readme.slice(readme.indexOf('| proxy |'))).slice(1, 7);
    const names = rows.flatMap(([name]) => name!.split(', '));
    expect(names.filter((name) => !measured.has(name))).toEqual([]);
    expect(names.length).toBe(8);
  });

  /** The job of bench/results.md for the figures in a row of README, if there are any. `UPDATE=1` writes the figures. */
  const SPEED: [row: string, plain: string | undefined, sealed: string | undefined][] = [
    [
      '`seal`, writes of 100 bytes |',
      'seal(res) beside the plain res, 100 bytes, for a client that did not ask',
      'the same for a client that asked, sealed with sha-256',
    ],
    [
      '`seal`, writes of 64 KiB |',
      'seal(res) beside the plain res, writes of 64 KiB, for a client that did not ask',
      'the same for a client that asked, beside the plain res and a bare sha-256',
    ],
    [
      '`respond`, writes of 100 bytes |',
      'respond(res) beside res.write and res.end, 100 bytes',
      'the same, sealed with sha-256 for a client that asks',
    ],
    ['`verify` |', 'verify, no digest, beside http.get', 'verify with sha-256, beside http.get and bare sha-256'],
    [
      '`relay` |',
      'relay, unsealed, beside pipeline(upstream, res)',
      'relay, verifying and sealing, beside pipeline and two bare sha-256',
    ],
    ['`get` of 1 GiB | curl, which', undefined, 'get, beside curl -o'],
    ['`get` of 1 GiB | curl, then', undefined, 'get, beside curl and then sha256sum'],
  ];

  /** What README calls the jobs that have a target, for the line that names those which miss it. */
  const PLAINLY: [job: RegExp, words: string][] = [
    [/^get, beside curl/, '`get` beside curl'],
    [/^download\(\), beside curl|^the same with resume/, '`download` beside curl'],
    [/^seal\(res\)/, '`seal`'],
    [/^respond\(res\) beside|^the same, sealed/, '`respond`'],
    [/^respond\(socket\)/, '`respond` on a raw socket'],
    [/^pipeline\(source/, '`pipeline` into `respond`'],
    [/^verify( |,)/, '`verify`'],
    [/^verifyInterceptor/, 'the interceptor'],
    [/^receive\(socket\)/, '`receive`'],
    [/^relay/, '`relay`'],
    [/^open responses|^the same: KiB/, 'many open responses'],
    [/^tokens/, 'tokens'],
    [/^the first byte/, 'the time to the first byte'],
    [/^decode chunks/, "decoding chunks beside undici's parser"],
    [/^seal and encode|^decode and verify/, 'the codec beside sha-256 alone'],
    [/^ChunkedDecoder/, '`ChunkedDecoder`'],
  ];

  test('README, speed: the figures and the missed targets of bench/results.md, as they stand there', () => {
    const results = readPage('bench/results.md');
    const jobs = tableRows(results).filter(({ length }) => length === 8);
    const best = new Map(jobs.map(([what, , , figure]) => [what, figure!]));
    const figureOf = (job: string | undefined) => (job === undefined ? '–' : (best.get(job) ?? `no job "${job}"`));
    const machine = /on (AMD EPYC.*? cores), .*?(Node [\d.]+), (\d{4}-\d\d-\d\d)/.exec(results)!.slice(1);
    if (results.includes('**quick** run')) machine.push('a quick run');
    let written = readme;
    for (const [start, plain, sealed] of SPEED) {
      const line = readme.split('\n').find((one) => one.startsWith(`| ${start}`));
      if (line === undefined) throw new Error(`README has no row ${start}`);
      const [ours, theirs] = line.split('|').slice(1);
      written = written.replace(line, `|${ours}|${theirs}| ${figureOf(plain)} | ${figureOf(sealed)} |`);
    }
    written = written.replace(/\(AMD EPYC[^)]*\)/, () => `(${machine.join(', ')})`);
    const wordsFor = (what: string) => PLAINLY.find(([job]) => job.test(what))?.[1] ?? what;
    const missed = jobs.filter(([, , , , , isMet]) => isMet === 'no').map(([what]) => wordsFor(what!));
    const names = missed.length === 0 ? 'none' : [...new Set(missed)].join(', ');
    written = written.replace(/(?<=Targets that are missed: ).*?(?=\. \[)/, () => names);
    if (process.env.UPDATE) writeFileSync(path.join(ROOT, 'README.md'), written);
    else expect(readme).toBe(written);
  });
});

/** The cells of each row of a table, the head of a table among them. */
function tableRows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function failing(server: string): string {
  return server.replace("createReadStream('export.csv')", FAILING_SOURCE);
}

async function start(name: string, code: string): Promise<ChildProcess> {
  const file = path.join(folder, name);
  await writeFile(file, code);
  const child = spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number; output: string }> {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (output += data));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

/** Starts a server snippet on a free port, which it is made to print. */
async function listening(server: string): Promise<{ child: ChildProcess; port: number }> {
  const code = server.replace('.listen(8080)', '.listen(0, function () { console.log(this.address().port); })');
  const child = await start(`server-${children.length}.mjs`, code);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(String(line)) };
}

function toPort(code: string, port: number): string {
  return code.replace('8080', String(port));
}
