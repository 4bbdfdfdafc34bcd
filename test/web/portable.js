/**
 * What every runtime has to do with chunked-trailers/web, in plain JavaScript that uses globals only: the same file runs
 * in Node, Bun, Deno and a page. `run` gives the title of each case with the error that it failed with, if it did.
 *
 * Expected octets are written out by hand; digests are those that RFC 9530 prints.
 */

const HELLO = '{"hello": "world"}\n'; // RFC 9530 B.1
const HELLO_SHA_256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
const SEALED_HELLO = `13\r\n${HELLO}\r\n0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_SHA_256}\r\n\r\n`;

const octets = (text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));
const latin1 = (data) => Array.from(data, (octet) => String.fromCharCode(octet)).join('');

/** A stream of these pieces, each given when it is asked for; then closed, or errored with `error`, or open for ever. */
function streamOf(pieces, { error, onCancel, isEndless = false } = {}) {
  const rest = [...pieces];
  return new ReadableStream(
    {
      pull(controller) {
        if (rest.length > 0) controller.enqueue(typeof rest[0] === 'string' ? octets(rest.shift()) : rest.shift());
        else if (error !== undefined) controller.error(error);
        else if (isEndless) return new Promise(() => {});
        else controller.close();
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
}

/** All that a stream gives, and what it errors with. */
async function read(readable) {
  const reader = readable.getReader();
  let data = '';
  for (;;) {
    let result;
    try {
      result = await reader.read();
    } catch (error) {
      return { data, error };
    }
    if (result.done) return { data, error: undefined };
    data += latin1(result.value);
  }
}

/** The body through a decoder: data, the code of its error, and the verdict. */
async function decode(web, pieces, options, ending) {
  const decoder = new web.ChunkedDecoderStream(options);
  const { data, error } = await read(streamOf(pieces, ending).pipeThrough(decoder));
  return { data, error, code: error?.code, verdict: await decoder.verdict, decoder };
}

/** What the body of a response fails with. (`text()` of Chromium rejects with a TypeError of its own.) */
async function failureOf(response) {
  const [own, copy] = response.body.tee();
  const shown = rejection(new Response(copy).text());
  const reader = own.getReader();
  const error = await rejection(
    (async () => {
      while (!(await reader.read()).done);
    })(),
  );
  equal((await shown) instanceof Error, true);
  return error;
}

async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It did not reject');
}

function thrown(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('It did not throw');
}

function equal(actual, expected) {
  if (Object.is(actual, expected)) return;
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found === undefined || found !== wanted) throw new Error(`${found ?? String(actual)}, expected ${wanted}`);
}

const CASES = {
  async 'a body is sealed: chunk, last-chunk, status and digest'(web, createHasher) {
    const { data } = await read(streamOf([HELLO]).pipeThrough(new web.ChunkedEncoderStream({ createHasher })));
    equal(data, SEALED_HELLO);
  },

  async 'a sealed body is complete, byte by byte and at every split in two'(web, createHasher) {
    const splits = [...SEALED_HELLO].map((_, at) => [SEALED_HELLO.slice(0, at), SEALED_HELLO.slice(at)]);
    for (const pieces of [[...SEALED_HELLO], ...splits]) {
      const { data, error, verdict } = await decode(web, pieces, { createHasher, require: 'always' });
      equal([data, error, verdict.kind, verdict.digest], [HELLO, undefined, 'complete', 'match']);
    }
  },

  async 'every proper prefix is truncated, and what came is read first'(web, createHasher) {
    for (let length = 0; length < SEALED_HELLO.length; length++) {
      const { data, code, verdict } = await decode(web, [SEALED_HELLO.slice(0, length)], { createHasher });
      equal([code, verdict.kind], ['ERR_BODY_TRUNCATED', 'truncated']);
      equal(data, HELLO.slice(0, Math.max(0, length - 4)));
    }
  },

  async 'a changed octet is a mismatch'(web, createHasher) {
    const { data, code, verdict } = await decode(web, [SEALED_HELLO.replace('w', 'W')], { createHasher });
    equal([data, code, verdict.kind], [HELLO.replace('w', 'W'), 'ERR_BODY_MISMATCH', 'mismatch']);
  },

  async 'broken framing is malformed where it breaks, and the source is cancelled'(web) {
    let onCancel;
    const cancelled = new Promise((resolve) => (onCancel = resolve));
    const source = streamOf(['5\r\nhello!', 'more', 'more'], { onCancel });
    const decoder = new web.ChunkedDecoderStream();
    const { data, error } = await read(source.pipeThrough(decoder));
    equal([data, error.code, error.offset, error instanceof web.BodyError], ['hello', 'ERR_BODY_MALFORMED', 8, true]);
    equal((await decoder.verdict).kind, 'malformed');
    equal((await cancelled) === error, true);
  },

  async 'a limit is kept'(web) {
    const { data, code } = await decode(web, [SEALED_HELLO], { limits: { maxBodyBytes: 18 } });
    equal([data, code], ['', 'ERR_BODY_LIMIT']);
  },

  async 'a digest without createHasher is a TypeError that says so'(web) {
    for (const Pair of [web.ChunkedEncoderStream, web.ChunkedDecoderStream]) {
      const error = thrown(() => new Pair({ digest: 'sha-256' }));
      equal([error instanceof TypeError, error.message.includes('needs createHasher')], [true, true]);
    }
  },

  async 'without createHasher nothing is hashed, and the verdict says so'(web) {
    const { data } = await read(streamOf(['hi']).pipeThrough(new web.ChunkedEncoderStream()));
    equal(data, '2\r\nhi\r\n0\r\nX-Stream-Status: ok;bytes=2\r\n\r\n');
    const { verdict } = await decode(web, [SEALED_HELLO], { require: 'always' });
    equal([verdict.kind, verdict.digest], ['complete', 'ignored']);
  },

  async 'require decides on a body without a status'(web) {
    const code = async (options) => (await decode(web, ['0\r\n\r\n'], options)).code;
    equal(await code({}), undefined);
    equal(await code({ headers: { trailer: 'X-Stream-Status' } }), 'ERR_BODY_UNVERIFIED');
    equal(await code({ require: 'always' }), 'ERR_BODY_UNVERIFIED');
    equal(await code({ require: 'never', headers: { trailer: 'X-Stream-Status' } }), undefined);
  },

  async 'a source that fails ends the body with an abort chunk, behind its data; the readable side closes'(web) {
    const encoder = new web.ChunkedEncoderStream({ describeError: ({ message }) => ({ details: message }) });
    const { data, error } = await read(streamOf(['half'], { error: new Error('disk') }).pipeThrough(encoder));
    equal(error, undefined);
    equal(data, '4\r\nhalf\r\n1;x-stream-status="error;type=source_error;details=\\"disk\\""\r\n');
    const decoded = await decode(web, [data]);
    equal([decoded.data, decoded.code, decoded.verdict.kind], ['half', 'ERR_BODY_FAILED', 'failed']);
    equal(decoded.verdict.reason, 'The sender reported source_error: disk');
  },

  async 'pipeTo tells the sender of the failure that the readable side only has in octets'(web) {
    const encoder = new web.ChunkedEncoderStream();
    const reading = read(encoder.readable);
    const cause = new Error('disk');
    equal((await rejection(streamOf(['half'], { error: cause }).pipeTo(encoder.writable))) === cause, true);
    equal((await reading).error, undefined);
  },

  async 'cleanFailure puts the failure into the trailers, with the digest of what was sent'(web, createHasher) {
    const encoder = new web.ChunkedEncoderStream({ cleanFailure: true, createHasher });
    const { data } = await read(streamOf([HELLO], { error: new Error('disk') }).pipeThrough(encoder));
    const status = 'X-Stream-Status: error;bytes=19;type=source_error';
    equal(data, `13\r\n${HELLO}\r\n0\r\n${status}\r\nContent-Digest: ${HELLO_SHA_256}\r\n\r\n`);
    const { code, verdict } = await decode(web, [data], { createHasher });
    equal([code, verdict.kind, verdict.digest, verdict.bytes], ['ERR_BODY_FAILED', 'failed', 'match', 19]);
  },

  async 'fail goes behind all that has been written, and errors the writable side'(web) {
    const encoder = new web.ChunkedEncoderStream();
    const writer = encoder.writable.getWriter();
    const closed = rejection(writer.closed);
    const writes = ['a', 'b', 'c'].map((text) => writer.write(octets(text)));
    const cause = new Error('no more');
    equal([encoder.fail(cause), encoder.fail(cause)], [true, false]);
    const { data, error } = await read(encoder.readable);
    equal(error, undefined);
    equal(data, '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1;x-stream-status="error;type=source_error"\r\n');
    await Promise.all(writes);
    equal((await closed) === cause, true);
  },

  async 'an abort of the writer ends the body as cancelled, without waiting for the reader'(web) {
    const encoder = new web.ChunkedEncoderStream();
    const writer = encoder.writable.getWriter();
    await Promise.resolve();
    const write = writer.write(octets('a'));
    await Promise.all([write, writer.abort()].map((promise) => promise.catch(() => {})));
    const { data } = await read(encoder.readable);
    equal(data.endsWith('1;x-stream-status="error;type=cancelled"\r\n'), true);
    equal(encoder.fail(new Error('late')), false);
  },

  async 'what is no Uint8Array ends the body as a failure, and is a TypeError to the writer'(web) {
    for (const chunk of ['text', null, new ArrayBuffer(1)]) {
      const encoder = new web.ChunkedEncoderStream();
      const reading = read(encoder.readable);
      const error = await rejection(encoder.writable.getWriter().write(chunk));
      equal([error instanceof TypeError, (await reading).data.startsWith('1;x-stream-status=')], [true, true]);
      const decoder = new web.ChunkedDecoderStream();
      const decoding = read(decoder.readable);
      equal((await rejection(decoder.writable.getWriter().write(chunk))) instanceof TypeError, true);
      equal((await decoding).error instanceof TypeError, true);
      equal((await decoder.verdict).kind, 'abandoned');
    }
  },

  async 'trailers that cannot be sent end the body as a failure, and reject the close'(web) {
    const fields = () => [['Set-Cookie', 'a=b']];
    const encoder = new web.ChunkedEncoderStream({ extraTrailers: { names: ['Server-Timing'], fields } });
    const reading = read(encoder.readable);
    equal((await rejection(encoder.writable.getWriter().close())) instanceof TypeError, true);
    equal((await reading).data, '1;x-stream-status="error;type=source_error"\r\n');
  },

  async 'the application has trailers of its own, and octets behind the message are in rest'(web) {
    const extraTrailers = { names: ['Server-Timing'], fields: () => [['Server-Timing', 'db;dur=53']] };
    const { data } = await read(streamOf(['hi']).pipeThrough(new web.ChunkedEncoderStream({ extraTrailers })));
    const { decoder, verdict } = await decode(web, [`${data}HTTP/1.1`]);
    const trailers = [
      ['X-Stream-Status', 'ok;bytes=2'],
      ['Server-Timing', 'db;dur=53'],
    ];
    equal([verdict.kind, decoder.trailers, latin1(decoder.rest)], ['complete', trailers, 'HTTP/1.1']);
  },

  async 'input behind the message is refused, and the source cancelled; the verdict stays'(web) {
    let cancelled;
    const source = streamOf([SEALED_HELLO, 'more', 'more'], { onCancel: (reason) => (cancelled = reason) });
    const decoder = new web.ChunkedDecoderStream();
    const piping = rejection(source.pipeTo(decoder.writable));
    const { data, error } = await read(decoder.readable);
    equal([data, error, (await decoder.verdict).kind], [HELLO, undefined, 'complete']);
    equal((await piping) === cancelled, true);
  },

  async 'a source that is lost truncates the body, with its reason'(web) {
    const lost = new TypeError('network error');
    const { data, error, code, verdict } = await decode(web, ['5\r\nhel'], {}, { error: lost });
    equal([data, code, verdict.kind], ['hel', 'ERR_BODY_TRUNCATED', 'truncated']);
    equal([error.message, error.cause.cause === lost], ['The input was lost: network error', true]);
  },

  async 'a source that is lost behind an abort chunk does not hide the reason of the sender'(web) {
    const pieces = ['2\r\nhi\r\n', '1;x-stream-status="error;type=timeout"\r\n'];
    const { data, verdict } = await decode(web, pieces, {}, { error: new TypeError('network error') });
    equal([data, verdict.kind, verdict.status.type], ['hi', 'failed', 'timeout']);
  },

  async 'an AbortSignal of the reader errors with its own reason'(web) {
    const controller = new AbortController();
    const decoder = new web.ChunkedDecoderStream();
    let onCancel;
    const cancelled = new Promise((resolve) => (onCancel = resolve));
    const source = streamOf(['5\r\nhel'], { onCancel, isEndless: true });
    const reader = source.pipeThrough(decoder, { signal: controller.signal }).getReader();
    equal(latin1((await reader.read()).value), 'hel');
    controller.abort();
    const error = await rejection(reader.read());
    equal([error === controller.signal.reason, (await decoder.verdict).kind], [true, 'abandoned']);
    equal((await cancelled) === error, true);
  },

  async 'cancelling cancels the source, with the reason, through both pairs'(web) {
    let onCancel;
    const cancelled = new Promise((resolve) => (onCancel = resolve));
    const source = streamOf(Array(1000).fill('row'), { onCancel });
    const decoder = new web.ChunkedDecoderStream();
    const reader = source.pipeThrough(new web.ChunkedEncoderStream()).pipeThrough(decoder).getReader();
    await reader.read();
    await reader.cancel('enough');
    const { kind, reason } = await decoder.verdict;
    equal([kind, reason], ['abandoned', 'The receiver gave up before the body ended']);
    equal(await cancelled, 'enough');
  },

  async 'a reader that stops holds the source'(web) {
    let pulled = 0;
    const source = new ReadableStream({ pull: (controller) => controller.enqueue(octets(`row ${++pulled}`)) });
    const decoder = new web.ChunkedDecoderStream();
    const reader = source.pipeThrough(new web.ChunkedEncoderStream()).pipeThrough(decoder).getReader();
    await reader.read();
    let before;
    do {
      before = pulled;
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
    } while (before !== pulled);
    equal(pulled <= 10, true);
    await reader.cancel();
  },

  async 'pieces share no memory: each may be transferred'(web) {
    const encoder = new web.ChunkedEncoderStream();
    const reader = streamOf(['a', 'b', 'c']).pipeThrough(encoder).getReader();
    let data = '';
    const pieces = [];
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) pieces.push(value);
    for (const piece of pieces) data += latin1(structuredClone(piece, { transfer: [piece.buffer] }));
    equal(data, '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\nX-Stream-Status: ok;bytes=3\r\n\r\n');
  },

  async 'content coding composes: gzip, chunks, and back'(web, createHasher) {
    const text = 'id,name\n'.repeat(20_000);
    const decoder = new web.ChunkedDecoderStream({ createHasher, require: 'always' });
    const { data, error } = await read(
      streamOf([text])
        .pipeThrough(new CompressionStream('gzip'))
        .pipeThrough(new web.ChunkedEncoderStream({ createHasher }))
        .pipeThrough(decoder)
        .pipeThrough(new DecompressionStream('gzip')),
    );
    equal([data === text, error, (await decoder.verdict).kind], [true, undefined, 'complete']);
  },

  async 'a hasher may give its digest later: the one-shot crypto.subtle, for content that fits memory'(web) {
    const createHasher = (algorithm) => {
      const pieces = [];
      return {
        update: (data) => pieces.push(data.slice()),
        digest: async () => new Uint8Array(await crypto.subtle.digest(algorithm, await new Blob(pieces).arrayBuffer())),
      };
    };
    const { data } = await read(streamOf([HELLO]).pipeThrough(new web.ChunkedEncoderStream({ createHasher })));
    equal(data, SEALED_HELLO);
    const { error, verdict } = await decode(web, [SEALED_HELLO], { createHasher });
    equal([error, verdict.kind, verdict.digest], [undefined, 'complete', 'match']);
  },

  async 'a hasher that fails never leaves a body complete'(web) {
    const cause = new Error('no hash today');
    const createHasher = () => ({ update() {}, digest: () => Promise.reject(cause) });
    const { data } = await read(
      streamOf(['hi']).pipeThrough(new web.ChunkedEncoderStream({ createHasher, cleanFailure: true })),
    );
    equal(data, '2\r\nhi\r\n1;x-stream-status="error;type=source_error"\r\n');
    const { error, verdict } = await decode(web, [SEALED_HELLO], { createHasher });
    equal([error === cause, verdict.kind], [true, 'abandoned']);
  },

  async 'sealedResponse and verifyResponse: a whole body, with its own type again'(web, createHasher) {
    const request = new Request('http://a/', { headers: { Accept: web.IN_CONTENT_TYPE } });
    const headers = { 'Content-Type': 'text/csv; charset="utf-8"', Vary: 'Origin', ETag: '"a"' };
    const sealed = web.sealedResponse(request, streamOf([HELLO]), { headers, createHasher });
    equal(sealed.headers.get('Content-Type'), `${web.IN_CONTENT_TYPE}; type="text/csv; charset=\\"utf-8\\""`);
    equal([sealed.headers.get('Vary'), sealed.headers.get('Cache-Control')], ['Origin, Accept', 'no-store']);
    const response = web.verifyResponse(sealed, { require: 'always', createHasher });
    equal([response.status, response.headers.get('Content-Type')], [200, 'text/csv; charset="utf-8"']);
    equal(await response.text(), HELLO);
    const { kind, digest } = await response.verdict;
    equal([kind, digest], ['complete', createHasher === undefined ? 'absent' : 'match']);
  },

  async 'sealedResponse and verifyResponse: a failed body says why, and rejects'(web) {
    const request = new Request('http://a/', { headers: { Accept: `text/html, ${web.IN_CONTENT_TYPE};q=0.5` } });
    const describeError = (error) => ({ type: 'disk', details: error.message });
    const stream = streamOf(['hi'], { error: new Error('gone') });
    const response = web.verifyResponse(web.sealedResponse(request, stream, { describeError }));
    const error = await failureOf(response);
    equal([error.code, (await response.verdict).status.details], ['ERR_BODY_FAILED', 'gone']);
  },

  async 'sealedResponse: who did not ask gets the stream as it is, and its error'(web) {
    const request = new Request('http://a/', { headers: { Accept: `*/*, ${web.IN_CONTENT_TYPE};q=0` } });
    equal(web.acceptsInContent(request), false);
    const response = web.sealedResponse(request, streamOf([HELLO]), { headers: { 'Content-Type': 'text/csv' } });
    equal([response.headers.get('Content-Type'), response.headers.get('Vary')], ['text/csv', 'Accept']);
    equal(await response.text(), HELLO);
    const failing = web.sealedResponse(request, streamOf(['hi'], { error: new Error('gone') }));
    equal((await failureOf(failing)).message, 'gone');
  },

  async 'sealedResponse: HEAD and 204 have no body, and the stream is let go'(web) {
    const headers = { Accept: web.IN_CONTENT_TYPE };
    const cancelled = [];
    const stream = () => streamOf(['hi'], { onCancel: () => void cancelled.push(true) });
    const head = web.sealedResponse(new Request('http://a/', { method: 'HEAD', headers }), stream());
    equal([head.body, head.headers.get('Content-Type')], [null, web.IN_CONTENT_TYPE]);
    const empty = web.sealedResponse(new Request('http://a/', { headers }), stream(), { status: 204 });
    equal([empty.body, empty.status, cancelled.length], [null, 204, 2]);
    const part = await rejection(
      (async () => web.sealedResponse({ headers: new Headers(headers) }, stream(), { status: 206 }))(),
    );
    equal(part instanceof TypeError, true);
  },

  async 'verifyResponse: a body that is not sealed ends, unless it is required or was announced'(web) {
    const plain = (headers = {}, init = {}) => new Response(streamOf([HELLO]), { headers, ...init });
    const passed = web.verifyResponse(plain());
    equal([await passed.text(), (await passed.verdict).kind], [HELLO, 'unverified']);
    const refused = web.verifyResponse(plain(), { require: 'always' });
    equal((await failureOf(refused)).code, 'ERR_BODY_UNVERIFIED');
    const error = web.verifyResponse(plain({}, { status: 404 }), { require: 'always' });
    equal([error.status, await error.text()], [404, HELLO]);
    const moved = web.verifyResponse(plain({ 'X-Stream-Status': 'error;type=timeout' }));
    equal((await failureOf(moved)).code, 'ERR_BODY_FAILED');
  },

  async 'verifyResponse: a digest in the head proves it, or not'(web, createHasher) {
    if (createHasher === undefined) return;
    const of = (value) => new Response(streamOf([HELLO]), { headers: { 'Content-Digest': value } });
    const whole = web.verifyResponse(of(HELLO_SHA_256), { require: 'always', createHasher });
    equal([await whole.text(), (await whole.verdict).kind], [HELLO, 'complete']);
    const other = web.verifyResponse(of(HELLO_SHA_256.replace('RK', 'KR')), { createHasher });
    equal((await failureOf(other)).code, 'ERR_BODY_MISMATCH');
  },

  async 'verifyResponse: a body that is lost, is cut inside, is cancelled, or is not there'(web) {
    const lost = web.verifyResponse(new Response(streamOf(['hi'], { error: new Error('reset') })));
    equal((await failureOf(lost)).code, 'ERR_BODY_TRUNCATED');
    const headers = { 'Content-Type': web.IN_CONTENT_TYPE };
    const cut = web.verifyResponse(new Response(streamOf(['2\r\nhi\r\n']), { headers }));
    equal((await failureOf(cut)).code, 'ERR_BODY_TRUNCATED');
    const left = web.verifyResponse(new Response(streamOf(['hi'], { isEndless: true })));
    await left.body.cancel();
    equal((await left.verdict).kind, 'abandoned');
    const none = web.verifyResponse(new Response(null, { status: 204 }), { require: 'always' });
    equal([none.body, (await none.verdict).kind], [null, 'unverified']);
    const used = new Response('hi');
    await used.text();
    equal((await rejection((async () => web.verifyResponse(used))())) instanceof TypeError, true);
  },
};

/** @returns {Promise<{ title: string, error: string | undefined }[]>} */
export async function run(web, createHasher) {
  const results = [];
  for (const [title, check] of Object.entries(CASES)) {
    const timeout = new Promise((_, reject) => setTimeout(reject, 10_000, new Error('It hangs')));
    const error = await Promise.race([check(web, createHasher), timeout]).then(
      () => undefined,
      (failure) => String(failure?.stack ?? failure),
    );
    results.push({ title, error });
  }
  return results;
}
