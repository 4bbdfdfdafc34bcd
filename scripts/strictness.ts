/**
 * npm run strictness [-- --hyper <program>]: renews the table in spec-notes/strictness.md, from ../shared/corpus and what
 * the code in src makes of it. With --hyper, what hyper makes of it is measured first (strictness-hyper/README.md).
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Decoder } from '../src/core/decoder.ts';
import type { HeadError } from '../src/core/errors.ts';
import { DEFAULT_LIMITS } from '../src/core/limits.ts';
import { HeadScanner } from '../src/node/head/head-scanner.ts';
import { parseRequestHead, parseResponseHead, responseFraming } from '../src/node/head/message-head.ts';
import { isDecidedByHead, missingVectors, octetsOf, readVectors, type Vector } from '../test/strictness/vectors.ts';
import { GROUPS } from './strictness-rows.ts';

export const PAGE = new URL('../spec-notes/strictness.md', import.meta.url);
const HYPER = new URL('strictness-hyper/outcomes.json', import.meta.url);
const BEGIN = '<!-- from here: npm run strictness -->';
const END = '<!-- to here -->';

/** The name of each peer in ../shared/corpus. */
const PEERS: Readonly<Record<string, string>> = {
  Node: 'node-20.20.2',
  Go: 'go-1.19.8',
  h11: 'h11-0.14.0',
  pico: 'picohttpparser-f832609',
};
const COLUMNS = ['Node', 'Go', 'h11', 'hyper', 'pico'];
/** More of an input is cut out. */
const MAX_SHOWN = 44;

/** The page with the table that is current. */
export function renewedPage(page: string): string {
  const from = page.indexOf(BEGIN) + BEGIN.length;
  const to = page.indexOf(END);
  if (from < BEGIN.length || to === -1) throw new Error(`spec-notes/strictness.md lacks "${BEGIN}" or "${END}"`);
  return `${page.slice(0, from)}\n\n${tables(hyperOutcomes())}\n${page.slice(to)}`;
}

function tables(hyper: Readonly<Record<string, string>>): string {
  const vectors = new Map(readVectors().map((vector) => [vector.id, vector]));
  return GROUPS.map(({ subject, rows }) => {
    const lines = rows.map(([id, why]) => {
      const vector = vectors.get(id);
      if (vector === undefined) throw new Error(`There is no record ${id}`);
      const others = COLUMNS.map((peer) => {
        const outcome = peer === 'hyper' ? hyper[id] : vector.peers[PEERS[peer]!];
        return outcome === undefined ? '–' : shown(outcome, vector);
      });
      return `| ${[input(vector), ours(vector), ...others, why].join(' | ')} |`;
    });
    const head = `| octets | ours | ${COLUMNS.join(' | ')} | why |\n| ${Array(COLUMNS.length + 3)
      .fill('---')
      .join(' | ')} |`;
    return `### ${subject}\n\n${head}\n${lines.join('\n')}\n`;
  }).join('\n');
}

/** In bold where the RFC does not allow it. */
function shown(outcome: string, { acceptable }: Vector): string {
  const word = outcome === 'incomplete' ? 'waits' : outcome;
  return (acceptable as string[]).includes(outcome) ? word : `**${word}**`;
}

function ours(vector: Vector): string {
  const octets = octetsOf(vector);
  try {
    const outcome = oursOf(octets, vector);
    return outcome === 'not read' || outcome === 'limit' ? outcome : shown(outcome, vector);
  } catch (error) {
    if ((error as HeadError).code === 'ERR_HEAD_MALFORMED') return shown('reject', vector);
    throw error;
  }
}

function oursOf(octets: Uint8Array, vector: Vector): string {
  if (vector.kind !== 'body') {
    const scanned = new HeadScanner(DEFAULT_LIMITS.maxHeadBytes, vector.kind === 'request').write(octets);
    if (scanned === undefined) return 'incomplete';
    if (vector.kind === 'response') {
      responseFraming(parseResponseHead(scanned.head, DEFAULT_LIMITS.maxHeadFields), 'GET');
    } else {
      parseRequestHead(scanned.head, DEFAULT_LIMITS.maxHeadFields);
      if (isDecidedByHead(vector)) return 'not read';
    }
  }
  const decoder = new Decoder({ onData() {} });
  decoder.write(octets.subarray(vector.body_offset ?? 0));
  decoder.end();
  if (decoder.done) return 'accept';
  if (decoder.error!.code === 'ERR_FRAMING_LIMIT') return 'limit';
  return decoder.error!.code === 'ERR_FRAMING_TRUNCATED' ? 'incomplete' : 'reject';
}

/** The body; or of a message whose head decides, what in it does. */
function input(vector: Vector): string {
  const text = Buffer.from(octetsOf(vector)).toString('latin1');
  const [head, body] = [text.slice(0, vector.body_offset ?? text.length), text.slice(vector.body_offset ?? 0)];
  if (!isDecidedByHead(vector) && vector.id !== 'mint/unknown-coding') return code(body);
  const lines = head.split('\n').map((line) => line.trim());
  const version = /HTTP\/1\.[01]/.exec(head)![0];
  const fields = lines.filter((line) => /^(?:transfer-encoding|content-length):/i.test(line));
  return [version, ...fields].map(code).join(' ') + (head.includes('\r\n') ? '' : ' with bare LF');
}

function code(text: string): string {
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  const escaped = JSON.stringify(short)
    .slice(1, -1)
    .replace(/\\u00(..)/g, '\\x$1')
    .replace(/\\"/g, '"')
    .replace(/[\x7f-\xff]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`)
    .replace(/\|/g, '\\|');
  return `\`${escaped}\``;
}

function hyperOutcomes(): Record<string, string> {
  return JSON.parse(readFileSync(HYPER, 'utf8'));
}

function measureHyper(program: string): void {
  const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  const ids = new Set(GROUPS.flatMap(({ rows }) => rows.map(([id]) => id)));
  const vectors = readVectors().filter(({ id }) => ids.has(id));
  const lines = vectors.map((vector) => {
    const octets = vector.kind === 'body' ? Buffer.concat([head, octetsOf(vector)]) : Buffer.from(octetsOf(vector));
    return `${vector.kind === 'request' ? 'request' : 'response'} ${octets.toString('hex')}\n`;
  });
  const { stdout, status } = spawnSync(program, { input: lines.join(''), encoding: 'utf8' });
  const outcomes = stdout.trim().split('\n');
  if (status !== 0 || outcomes.length !== vectors.length) throw new Error(`${program} failed`);
  const byId = Object.fromEntries(vectors.map(({ id }, at) => [id, outcomes[at]]));
  writeFileSync(HYPER, `${JSON.stringify(byId, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { hyper: { type: 'string' } } });
  if (missingVectors !== undefined) {
    console.error(missingVectors);
    process.exit(1);
  }
  if (values.hyper !== undefined) measureHyper(values.hyper);
  writeFileSync(PAGE, renewedPage(readFileSync(PAGE, 'utf8')));
}
