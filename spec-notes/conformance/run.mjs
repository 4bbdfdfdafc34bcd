#!/usr/bin/env node
/**
 * Tests an implementation of X-Stream-Status from outside, and prints the level that it has. What it needs of the
 * implementation is in README.md beside it; the vectors are the JSON files.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { inContentResponse, judgeRecipient, levelOf, optionsOf, RECIPIENT_LEVELS, serve } from './recipients.mjs';
import { askSender, SENDER_LEVELS } from './senders.mjs';

const USAGE = `node run.mjs --receiver COMMAND     a recipient: COMMAND URL writes content, and a verdict
node run.mjs --in-content COMMAND   a recipient of in-content responses, called in the same way
node run.mjs --sender URL           a server that has the paths of the README
  --http2        over HTTP/2 without TLS
node run.mjs --gateway URL --upstream PORT   an intermediary whose upstream is this port of 127.0.0.1
  --only TEXT    only the vectors that have this in their name
  --jobs N       recipients at a time; 4 by default`;

const vectorsOf = async (file) => JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8')).vectors;

/** Runs `COMMAND URL` by the shell, and reads what it says. */
function commandReader(command) {
  return (url, { method, require, idleTimeout }) =>
    new Promise((resolve) => {
      const env = { ...process.env, METHOD: method, REQUIRE: require, IDLE_TIMEOUT: String(idleTimeout) };
      const options = { env, shell: true, encoding: 'latin1', timeout: 30_000, maxBuffer: 1 << 24 };
      execFile(`${command} ${url}`, options, (error, stdout, stderr) => {
        const line = stderr.trimEnd().split('\n').at(-1) ?? '';
        const [, verdict = `no verdict (${line || error?.message})`, type] = /^([a-z]+)(?: (\S+))?/.exec(line) ?? [];
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

function report(results, levels, name) {
  const count = (grade) => results.filter(([, found]) => found === grade).length;
  const below = count('below') === 0 ? '' : `, ${count('below')} as lower levels or without an option`;
  process.stdout.write(`${results.length} vectors: ${count('right')} right${below}, ${count('wrong')} wrong\n`);
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
      sender: { type: 'string' },
      http2: { type: 'boolean', default: false },
      gateway: { type: 'string' },
      upstream: { type: 'string' },
      only: { type: 'string', default: '' },
      jobs: { type: 'string', default: '4' },
    },
  });
  const { receiver, sender, gateway, upstream, 'in-content': inContent } = values;
  const jobs = Number(values.jobs);
  const isAsked = ({ name }) => name.includes(values.only);
  if (receiver !== undefined) {
    const read = commandReader(receiver);
    const vectors = (await vectorsOf('recipients.json')).filter(isAsked);
    const results = await gradeAll(vectors, jobs, async (vector) => judgeRecipient(vector, await serve(vector, read)));
    return report(results, RECIPIENT_LEVELS, 'recipient');
  }
  if (inContent !== undefined) {
    const read = commandReader(inContent);
    const vectors = (await vectorsOf('in-content.json')).filter(isAsked);
    const results = await gradeAll(vectors, jobs, async (vector) =>
      judgeRecipient(vector, await serve(inContentResponse(vector), read)),
    );
    return report(results, RECIPIENT_LEVELS, 'recipient in content');
  }
  if (sender !== undefined) {
    const address = addressOf(sender);
    const vectors = (await vectorsOf(values.http2 ? 'senders-http2.json' : 'senders.json')).filter(isAsked);
    const results = await gradeAll(vectors, 1, (vector) => askSender(vector, address));
    return report(results, SENDER_LEVELS, values.http2 ? 'sender over HTTP/2' : 'sender');
  }
  if (gateway !== undefined && upstream !== undefined) {
    const address = addressOf(gateway);
    const vectors = (await vectorsOf('gateways.json')).filter(isAsked);
    const results = await gradeAll(vectors, 1, (vector) =>
      serve({ response: vector.upstream, end: vector.end }, () => askSender(vector, address), Number(upstream)),
    );
    return report(results, SENDER_LEVELS, 'intermediary');
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
