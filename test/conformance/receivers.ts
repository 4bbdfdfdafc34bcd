/** Every receiver of the library, given a row of the table: what it concluded, and what it gave to its reader. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { HeadError } from '../../src/core/errors.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { BodyError, type Verdict } from '../../src/core/verdict.ts';
import type { Require } from '../../src/core/verifier.ts';
import { download } from '../../src/files/download/download.ts';
import { ChunkedDecoder } from '../../src/node/chunked-decoder.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { annotate } from '../cli/inspect/annotating.ts';
import { createHasher } from '../support/hashing.ts';
import { latin1, octets } from '../support/octets.ts';
import { ask, drain, originOf } from '../support/servers.ts';
import { CLIENTS, type Client, UNDICI_INSIDE } from '../undici/clients.ts';
import type { Row } from './rows.ts';

export interface Outcome {
  kind: Verdict['kind'] | 'no response';
  code: string | undefined;
  /** What the reader got; undefined for a receiver that gives nothing. */
  data: string | undefined;
}

/** What a receiver concludes that cannot do what a row needs, and why it cannot. */
export interface Instead {
  kind: Outcome['kind'];
  code: Readonly<Record<Require, string | undefined>>;
  /** What its reader gets, if it is not what the row says. */
  content?: string;
  why: string;
}

export interface Receiver {
  name: string;
  read(row: Row, require: Require): Promise<Outcome>;
  /** Why it cannot be given a row; undefined for one that it can. */
  cannot(row: Row): string | undefined;
  instead(row: Row): Instead | undefined;
}

const always = (code: string | undefined) => ({ announced: code, always: code, never: code });

/** Such a head is refused before there is a body, and so a verdict. */
function refusesHead({ needs }: Row): Instead | undefined {
  if (needs !== 'refusal of the body alone') return undefined;
  return { kind: 'no response', code: always('ERR_HEAD_MALFORMED'), why: 'it refuses the head' };
}

const dial = async ({ head, body, end }: Row) => originOf(head + body, end);
const urlOf = async (row: Row) => `http://127.0.0.1:${await dial(row)}/`;

const viaReceive: Receiver = {
  name: 'receive',
  async read(row, require) {
    const socket = connect(await dial(row), '127.0.0.1');
    onTestFinished(() => {
      socket.destroy();
    });
    socket.write(`${row.method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    try {
      const { body } = await receive(socket, { require, method: row.method });
      const outcome = await drain(body);
      return { ...outcome, kind: (await body.verdict).kind };
    } catch (error) {
      return { kind: 'no response', code: (error as HeadError).code, data: undefined };
    }
  },
  cannot: () => undefined,
  instead: refusesHead,
};

const viaVerify: Receiver = {
  name: 'verify',
  async read(row, require) {
    const body = await ask({ port: await dial(row), method: row.method }, (message) => verify(message, { require }));
    const outcome = await drain(body);
    return { ...outcome, kind: (await body.verdict).kind };
  },
  cannot: () => undefined,
  instead: () => undefined,
};

/** The final head as the caller of a codec has it. */
function headOf({ head }: Pick<Row, 'head'>): { statusCode: number; headers: FieldPairs } {
  const [statusLine, ...lines] = head.trimEnd().split('\r\n\r\n').at(-1)!.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(': ');
    return [line.slice(0, at), line.slice(at + 2)];
  });
  return { statusCode: Number(statusLine!.split(' ')[1]), headers };
}

function notForCodec({ head, method, end }: Row): string | undefined {
  const { statusCode } = headOf({ head });
  if (!head.includes('chunked') || method === 'HEAD' || statusCode === 204)
    return 'it decodes chunked bodies, and is given no other';
  return end === 'RST' ? 'it has no connection' : undefined;
}

const viaDecoder: Receiver = {
  name: 'ChunkedDecoder',
  async read(row, require) {
    const decoder = new ChunkedDecoder({ ...headOf(row), require });
    const outcome = await drain(Readable.from([Buffer.from(row.body, 'latin1')]).pipe(decoder));
    return { ...outcome, kind: (await decoder.verdict).kind };
  },
  cannot: notForCodec,
  instead: () => undefined,
};

const viaDecoderStream: Receiver = {
  name: 'ChunkedDecoderStream',
  async read(row, require) {
    const decoder = new ChunkedDecoderStream({ ...headOf(row), require, createHasher });
    const input = new Blob([octets(row.body) as Uint8Array<ArrayBuffer>]).stream();
    let data = '';
    let code: string | undefined;
    try {
      for await (const piece of input.pipeThrough(decoder)) data += latin1(piece);
    } catch (error) {
      ({ code } = error as BodyError);
    }
    return { data, code, kind: (await decoder.verdict).kind };
  },
  cannot: notForCodec,
  instead: () => undefined,
};

const viaInspect: Receiver = {
  name: 'inspect',
  async read({ head, body, method }, require) {
    const [verdict] = annotate([octets(head + body)], { method, require }).verdicts;
    const { kind, code } = verdict!;
    return { kind: kind === 'no-response' ? 'no response' : kind, code, data: undefined };
  },
  cannot: ({ end }) => (end === 'RST' ? 'a capture has no RST' : undefined),
  instead(row) {
    if (row.needs !== 'sha-256 alone') return refusesHead(row);
    return { kind: 'complete', code: always(undefined), why: 'it hashes in every algorithm' };
  },
};

const viaDownload: Receiver = {
  name: 'download',
  async read(row, require) {
    const folder = await mkdtemp(path.join(tmpdir(), 'chunked-trailers-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = path.join(folder, 'file');
    try {
      const { kind } = await download(await urlOf(row), file, { require, retries: 0 });
      return { kind, code: undefined, data: latin1(await readFile(file)) };
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      if (existsSync(file)) throw new Error('a body that failed has become a file');
      return { kind: error.verdict.kind, code: error.code, data: undefined };
    }
  },
  cannot(row) {
    const { statusCode } = headOf(row);
    if (row.method === 'HEAD') return 'it sends GET';
    return statusCode === 200 ? undefined : 'a status that is not 200 is a StatusError';
  },
  instead: () => undefined,
};

const viaUndici: Receiver[] = CLIENTS.map((client) => ({
  name: `verifyInterceptor, ${client.name}`,
  async read(row, require) {
    const { method } = row;
    const { data, error, streamError, verdict } = await client.read(await urlOf(row), { method, options: { require } });
    const other = error === undefined ? undefined : ((error as { code?: string }).code ?? String(error));
    return { data, kind: verdict.kind, code: streamError?.code ?? other };
  },
  // Without the interceptor too. The latest undici 8 does not.
  cannot: ({ needs }) => (needs === 'end of a 304' ? 'undici waits for the content of a 304' : undefined),
  instead: ({ needs }) => whatUndiciHides(client, needs),
}));

function whatUndiciHides({ name, copy }: Client, needs: Row['needs']): Instead | undefined {
  switch (needs) {
    case 'abort line':
      return { kind: 'truncated', code: always('ERR_BODY_TRUNCATED'), why: 'undici does not hand on the reason' };
    case 'strict parser': {
      if ((copy?.major ?? UNDICI_INSIDE) > 6) return undefined;
      const code = { ...always(undefined), always: 'ERR_BODY_UNVERIFIED' };
      return { kind: 'unverified', code, why: 'the parser of undici 6 takes it' };
    }
    case 'refusal of the body alone':
      if (!name.includes('fetch')) return undefined;
      return {
        kind: 'malformed',
        code: always(undefined),
        content: '',
        why: 'fetch has no body of a 204 that could fail',
      };
    default:
      return undefined;
  }
}

export const RECEIVERS: readonly Receiver[] = [
  viaReceive,
  viaVerify,
  ...viaUndici,
  viaDecoder,
  viaDecoderStream,
  viaInspect,
  viaDownload,
];
