#!/usr/bin/env node
/**
 * Tests an implementation of X-Stream-Status from outside, and prints the level that it has. What it needs of the
 * implementation is in README.md beside it; the vectors are the JSON files.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { parseArgs } from 'node:util';
import {
  inContentResponse,
  judgeRecipient,
  levelOf,
  optionsOf,
  RECIPIENT_LEVELS,
  serve,
  serveHttp2,
  sumsOf,
  upload,
} from './recipients.mjs';
import { askSender, SENDER_LEVELS } from './senders.mjs';

const USAGE = `node run.mjs --receiver COMMAND     a recipient: COMMAND URL writes content, and a verdict
node run.mjs --in-content COMMAND   a recipient of in-content responses, called in the same way
node run.mjs --uploads URL          a server that takes POST /upload and checks the content
node run.mjs --sender URL           a server that has the paths of the README
  --http2        recipient or sender over HTTP/2 without TLS
  --tls PEM      recipient over TLS, with the key and the certificate of 127.0.0.1 in this file
node run.mjs --gateway URL --upstream PORT   an intermediary whose upstream is this port of 127.0.0.1
  --only TEXT    only the vectors that have this in their name
  --jobs N       recipients at a time; 4 by default`;

const vectorsOf = async (file) => JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8')).vectors;

const VERDICT_LINE = /^(complete|failed|truncated|malformed|mismatch|unverified)(?: (\S+))?$/;

/** Runs `COMMAND URL` by the shell, and reads what it says. */
function commandReader(command) {
  return (url, { method, require, idleTimeout }) =>
    new Promise((resolve) => {
      const env = { ...process.env, METHOD: method, REQUIRE: require, IDLE_TIMEOUT: String(idleTimeout) };
      const options = { env, shell: true, encoding: 'latin1', timeout: 30_000, maxBuffer: 1 << 24 };
      execFile(`${command} ${url}`, options, (error, stdout, stderr) => {
        const line = stderr.trimEnd().split('\n').at(-1) ?? '';
        const [, verdict = `no verdict (${line || error?.message})`, type = ''] = VERDICT_LINE.exec(line) ?? [];
        resolve({ verdict, type, accepted: error === null, content: stdout });
      });
    });
}

/** Grades all of them, some at a time; prints those that are wrong. */
async function gradeAll(vectors, jobs, grade) {
  const results = [];
  const queue = vectors.entries();
  const work = async () => {
    for (const [at, vector] of queue) {
      const { grade: found, why } = await grade(vector);
      results[at] = [vector, found];
      const beside = vector.option ?? vector.part;
      const what = beside === undefined ? 'WRONG' : `wrong in ${beside}:`;
      if (found === 'wrong') process.stdout.write(`${what} ${vector.name} (${vector.clause}): ${why}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

function report(results, levels, name, all) {
  for (const line of sumsOf(results, levels)) process.stdout.write(`${line}\n`);
  if (all > results.length) process.stdout.write(`${all - results.length} others not run: --only\n`);
  for (const [option, has] of optionsOf(results)) process.stdout.write(`option ${option}: ${has}\n`);
  const level = levelOf(results, levels);
  process.stdout.write(`level: ${name}, ${level}\n`);
  return level !== 'none';
}

function addressOf(url) {
  const { hostname, port, protocol } = new URL(url);
  if (protocol !== 'http:') throw new Error(`${url} is no http: URL`);
  return { host: hostname, port: Number(port || 80) };
}

async function main() {
  const { values } = parseArgs({
    options: {
      receiver: { type: 'string' },
      'in-content': { type: 'string' },
      uploads: { type: 'string' },
      sender: { type: 'string' },
      http2: { type: 'boolean', default: false },
      tls: { type: 'string' },
      gateway: { type: 'string' },
      upstream: { type: 'string' },
      only: { type: 'string', default: '' },
      jobs: { type: 'string', default: '4' },
    },
  });
  const { receiver, uploads, sender, gateway, upstream, 'in-content': inContent } = values;
  const jobs = Number(values.jobs);
  const { http2 } = values;
  const run = async (file, levels, name, atOnce, grade) => {
    const all = await vectorsOf(file);
    const asked = all.filter((vector) => vector.name.includes(values.only));
    return report(await gradeAll(asked, atOnce, grade), levels, name, all.length);
  };
  const judged = (found) => async (vector) => judgeRecipient(vector, await found(vector));
  if (receiver !== undefined) {
    const read = commandReader(receiver);
    if (values.tls !== undefined) {
      const pem = await readFile(values.tls);
      const context = createSecureContext({ key: pem, cert: pem });
      const found = (vector) => serve(vector, read, 0, context);
      return run('recipients-tls.json', RECIPIENT_LEVELS, 'recipient over TLS', jobs, judged(found));
    }
    const found = (vector) => (http2 ? serveHttp2 : serve)(vector, read);
    const file = http2 ? 'recipients-http2.json' : 'recipients.json';
    return run(file, RECIPIENT_LEVELS, http2 ? 'recipient over HTTP/2' : 'recipient', jobs, judged(found));
  }
  if (inContent !== undefined) {
    const read = commandReader(inContent);
    const found = (vector) => serve(inContentResponse(vector), read);
    return run('in-content.json', RECIPIENT_LEVELS, 'recipient in content', jobs, judged(found));
  }
  if (uploads !== undefined) {
    const address = addressOf(uploads);
    const found = (vector) => upload(address, vector);
    return run('uploads.json', RECIPIENT_LEVELS, 'recipient of uploads', jobs, judged(found));
  }
  if (sender !== undefined) {
    const address = addressOf(sender);
    const file = http2 ? 'senders-http2.json' : 'senders.json';
    const name = http2 ? 'sender over HTTP/2' : 'sender';
    return run(file, SENDER_LEVELS, name, 1, (vector) => askSender(vector, address));
  }
  if (gateway !== undefined && upstream !== undefined) {
    const address = addressOf(gateway);
    return run('gateways.json', SENDER_LEVELS, 'intermediary', 1, (vector) =>
      serve({ response: vector.upstream, end: vector.end }, () => askSender(vector, address), Number(upstream)),
    );
  }
  process.stderr.write(`${USAGE}\n`);
  return false;
}

main().then(
  (isGood) => {
    process.exitCode = isGood ? 0 : 1;
  },
  (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
