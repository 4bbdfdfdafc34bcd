/**
 * Strategy: the vectors of spec-notes/conformance, whose octets and expectations come from the text, for our receivers and
 * senders; and that the levels which its README gives to them are those that the vectors prove.
 */
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
// @ts-expect-error: a program of the specification, without types
import * as recipients from '../../spec-notes/conformance/recipients.mjs';
// @ts-expect-error
import { askSender, SENDER_LEVELS } from '../../spec-notes/conformance/senders.mjs';
import { acceptsInContent } from '../../src/node/send/in-content.ts';
import { parseInContentType } from '../../src/web/in-content.ts';
import { listen } from '../support/servers.ts';
import { certificate, hasOpenssl } from '../support/tls.ts';
import { type Found, READERS, viaFetch, viaVerifyHttp2 } from './readers.ts';
import {
  http2Sender,
  httpSender,
  relaySender,
  sealHttp2Sender,
  sealSender,
  socketSender,
  uploadServer,
} from './sender.ts';

const { inContentResponse, judgeRecipient, levelOf, RECIPIENT_LEVELS, serve, serveHttp2, upload } = recipients;

interface Vector {
  name: string;
  clause: string;
  level: string;
  option?: string;
  part?: string;
  /** Of a gateway. */
  upstream?: string;
  end?: string;
}

const folder = new URL('../../spec-notes/conformance/', import.meta.url);
const read = async (file: string) => JSON.parse(await readFile(new URL(file, folder), 'utf8'));
const readme = await readFile(new URL('README.md', folder), 'utf8');
const vectors: Vector[] = (await read('recipients.json')).vectors;
const inContent = await read('in-content.json');
const senderVectors: Vector[] = (await read('senders.json')).vectors;
const gatewayVectors: Vector[] = (await read('gateways.json')).vectors;
const http2Vectors: Vector[] = (await read('senders-http2.json')).vectors;
const http2Responses: Vector[] = (await read('recipients-http2.json')).vectors;
const tlsVectors: Vector[] = (await read('recipients-tls.json')).vectors;
const uploads: Vector[] = (await read('uploads.json')).vectors;

/** A row of the README's table of our own implementations: the level, and the vectors where they differ. */
function claimOf(name: string): { level: string; exceptions: string[] } {
  const escaped = name.replace(/[()]/g, '\\$&');
  const row = new RegExp(`^\\| \`${escaped}\`[^|]*\\| ([^|]*?) *\\| (.*?) *\\|$`, 'm').exec(readme);
  if (row === null) throw new Error(`README.md says nothing of ${name}`);
  return { level: row[1]!, exceptions: [...row[2]!.matchAll(/“(.*?)”/g)].map(([, exception]) => exception!) };
}

type Graded = [Vector, string];

/** One test a vector; those that the README names as exceptions must differ. */
function gradeAll(
  name: string,
  all: readonly Vector[],
  grade: (vector: Vector) => Promise<{ grade: string; why?: string }>,
) {
  const { exceptions } = claimOf(name);
  const results: Graded[] = [];
  for (const exception of exceptions)
    if (!all.some((one) => one.name === exception)) throw new Error(`No vector is “${exception}”`);
  test.each(all)('$clause: $name', async (vector) => {
    const { grade: found, why } = await grade(vector);
    const isExcepted = exceptions.includes(vector.name);
    if (!isExcepted || vector.part !== undefined) results.push([vector, found]);
    if (isExcepted) expect(found, 'an exception that is none').toBe('wrong');
    else expect(why).toBeUndefined();
  });
  return results;
}

describe.each(Object.keys(READERS))('x-stream-status: %s', (name) => {
  const results = gradeAll(name, vectors, async (vector) => judgeRecipient(vector, await serve(vector, READERS[name])));
  test('has the level that the README says', () => {
    expect(levelOf(results, RECIPIENT_LEVELS).replace(/ \(.*/, '')).toBe(claimOf(name).level);
  });
});

const contextOf = async ({ key, cert }: { key: string; cert: string }) =>
  createSecureContext({ key: await readFile(key), cert: await readFile(cert) });

describe.skipIf(!hasOpenssl).each(Object.keys(READERS))('x-stream-status 5.1, over TLS: %s', (name) => {
  let secureContext: SecureContext | undefined;
  const results = gradeAll(`${name}, over TLS`, tlsVectors, async (vector) => {
    secureContext ??= await contextOf(await certificate());
    return judgeRecipient(vector, await serve(vector, READERS[name], 0, secureContext));
  });
  test('has the level that the README says', () => {
    expect(levelOf(results, RECIPIENT_LEVELS)).toBe(claimOf(`${name}, over TLS`).level);
  });
});

describe('x-stream-status 4.8: verify(http2)', () => {
  const results = gradeAll('verify(http2)', http2Responses, async (vector) =>
    judgeRecipient(vector, await serveHttp2(vector, viaVerifyHttp2)),
  );
  test('has the level that the README says', () => {
    expect(levelOf(results, RECIPIENT_LEVELS)).toBe(claimOf('verify(http2)').level);
  });
});

describe('x-stream-status 4.7: verify(req)', () => {
  const results = gradeAll('verify(req)', uploads, async (vector) =>
    judgeRecipient(vector, await upload({ host: '127.0.0.1', port: await listen(uploadServer()) }, vector)),
  );
  test('has the level that the README says', () => {
    expect(levelOf(results, RECIPIENT_LEVELS)).toBe(claimOf('verify(req)').level);
  });
});

describe('in-content: ChunkedDecoderStream', () => {
  const results = gradeAll('ChunkedDecoderStream', inContent.vectors, async (vector) =>
    judgeRecipient(vector, (await serve(inContentResponse(vector), viaFetch)) as Found),
  );
  test('has the level that the README says', () => {
    expect(levelOf(results, RECIPIENT_LEVELS)).toBe(claimOf('ChunkedDecoderStream').level);
  });
  test.each(inContent.types as { value: string; inner: string | null }[])('2: the type $value', ({ value, inner }) => {
    expect(parseInContentType(value) ?? null).toBe(inner);
  });
  test.each(inContent.accept as { value: string; wanted: boolean }[])('2: Accept $value', ({ value, wanted }) => {
    expect(acceptsInContent({ headers: { accept: value } })).toBe(wanted);
  });
});

const SENDERS = {
  'respond(res)': httpSender(),
  'respond(socket)': socketSender(),
  'seal(res)': sealSender(),
  'respond(http2)': http2Sender(),
  'seal(http2)': sealHttp2Sender(),
};

describe.each(Object.entries(SENDERS))('x-stream-status: %s', (name, server) => {
  afterAll(() => {
    server.close();
  });
  const results = gradeAll(name, name.endsWith('(http2)') ? http2Vectors : senderVectors, async (vector) => {
    if (!server.listening) server.listen(0, '127.0.0.1');
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    return askSender(vector, { host: '127.0.0.1', port: (server.address() as { port: number }).port });
  });
  test('has the level that the README says', () => {
    expect(levelOf(results, SENDER_LEVELS)).toBe(claimOf(name).level);
  });
});

describe('x-stream-status 6: relay', () => {
  let upstream = '';
  const server = relaySender(() => upstream);
  afterAll(() => {
    server.close();
  });
  const results = gradeAll('relay', gatewayVectors, async (vector) => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
    return serve({ response: vector.upstream, end: vector.end }, (url: string) => {
      upstream = url;
      return askSender(vector, address);
    });
  });
  test('has the level that the README says', () => {
    expect(levelOf(results, SENDER_LEVELS)).toBe(claimOf('relay').level);
  });
});
