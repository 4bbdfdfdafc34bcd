/**
 * Things in the middle, as they are found (interop): each frames anew what it gets, in its own way, and keeps or drops
 * the trailers and the field that announces them; what it makes of an upstream that fails is a clean end, or a cut.
 * They are small servers of their own: the upstream side is Node's client or octets until the end, the other side is
 * written octet by octet. Nothing in here is the library's.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listening } from './listening.ts';
import { type Field, oldUpstream, requestHead, upstream } from './upstream.ts';

export interface Policy {
  name: string;
  upstream: 'HTTP/1.1' | 'HTTP/1.0';
  /** Whether the fields with which the client asks for trailers and status are passed on. */
  passesWishes: boolean;
  framing: 'chunked' | 'length' | 'until close' | 'as it came, and a last-chunk';
  /** The size of its chunks; undefined: as the data comes. */
  pieceBytes?: number;
  keepsTrailerField: boolean;
  trailers: 'kept' | 'dropped' | 'in the head';
  onFailure: 'clean end' | 'cut';
}

const HONEST = {
  upstream: 'HTTP/1.1',
  passesWishes: true,
  framing: 'chunked',
  keepsTrailerField: true,
  trailers: 'kept',
  onFailure: 'cut',
} as const;
const LAUNDERING = { ...HONEST, onFailure: 'clean end' } as const;

/** The ones that issue 5 names, each honest or laundering where it can be either. */
export const POLICIES: Policy[] = [
  { ...HONEST, name: 'honest' },
  { ...LAUNDERING, name: 'ends every body cleanly' },
  { ...LAUNDERING, name: 'ends every body cleanly, passes no wishes', passesWishes: false },
  { ...LAUNDERING, name: 'appends a last-chunk to the octets', framing: 'as it came, and a last-chunk' },
  { ...HONEST, name: 'strips trailers', trailers: 'dropped' },
  { ...LAUNDERING, name: 'strips trailers, clean end', trailers: 'dropped' },
  { ...HONEST, name: 'strips trailers and Trailer', trailers: 'dropped', keepsTrailerField: false },
  { ...LAUNDERING, name: 'strips trailers and Trailer, clean end', trailers: 'dropped', keepsTrailerField: false },
  { ...HONEST, name: 'chunks anew', pieceBytes: 7 },
  { ...LAUNDERING, name: 'chunks anew, clean end', pieceBytes: 7 },
  { ...LAUNDERING, name: 'adds Content-Length', framing: 'length', trailers: 'dropped' },
  {
    ...LAUNDERING,
    name: 'adds Content-Length, no Trailer',
    framing: 'length',
    trailers: 'dropped',
    keepsTrailerField: false,
  },
  { ...LAUNDERING, name: 'adds Content-Length, trailers in the head', framing: 'length', trailers: 'in the head' },
  { ...HONEST, name: 'HTTP/1.0 upstream', upstream: 'HTTP/1.0' },
  { ...LAUNDERING, name: 'HTTP/1.0 upstream, clean end', upstream: 'HTTP/1.0' },
  { ...LAUNDERING, name: 'HTTP/1.0 upstream, adds Content-Length', upstream: 'HTTP/1.0', framing: 'length' },
  { ...HONEST, name: 'closes to end', framing: 'until close', trailers: 'dropped' },
  { ...LAUNDERING, name: 'closes to end, clean end', framing: 'until close', trailers: 'dropped' },
];

/** Every combination of what a proxy may do. */
export function* allPolicies(): Generator<Policy> {
  for (const upstream of ['HTTP/1.1', 'HTTP/1.0'] as const)
    for (const passesWishes of [true, false])
      for (const framing of ['chunked', 'length', 'until close'] as const)
        for (const pieceBytes of framing === 'chunked' ? [1, 7, 1000] : [1000])
          for (const keepsTrailerField of [true, false])
            for (const trailers of ['kept', 'dropped', 'in the head'] as const)
              for (const onFailure of ['clean end', 'cut'] as const) {
                const policy = { upstream, passesWishes, framing, pieceBytes, keepsTrailerField, trailers, onFailure };
                yield { ...policy, name: Object.values(policy).join(', ') };
              }
}

/** What a proxy must not pass on (RFC 9110 §7.6.1), and what frames the body. */
const ITS_OWN = /^(?:connection|keep-alive|te|host|transfer-encoding|content-length|trailer)$/i;
const WISHES = /^(?:te|x-want-stream-status|want-content-digest)$/i;

/** @param use is given the port of the proxy, while both it and the origin listen */
export function withProxy<T>(policy: Policy, origin: Server, use: (port: number) => Promise<T>): Promise<T> {
  return listening(origin, (originPort) => listening(proxy(policy, originPort), use));
}

/** One exchange a connection, with the origin at this port. */
function proxy(policy: Policy, originPort: number): Server {
  return createServer({ noDelay: true }, (client) => {
    let request = '';
    client.on('error', () => {});
    client.on('data', function onData(data: Buffer) {
      request += data.toString('latin1');
      if (!request.endsWith('\r\n\r\n')) return;
      client.off('data', onData).resume();
      const [line, ...lines] = request.trimEnd().split('\r\n');
      const fields = lines.map((one) => one.split(': ') as Field);
      forward(policy, client, line!.split(' ')[1]!, fields, originPort).catch(() => client.destroy());
    });
  });
}

async function forward(policy: Policy, client: Socket, path: string, fields: Field[], port: number): Promise<void> {
  const asked = fields.filter(([name]) => (WISHES.test(name) ? policy.passesWishes : !ITS_OWN.test(name)));
  if (policy.framing === 'as it came, and a last-chunk') return appendLastChunk(client, path, asked, port);
  const open = policy.upstream === 'HTTP/1.1' ? upstream : oldUpstream;
  const { status, fields: received, data, outcome } = await open(port, path, asked);
  const head = received.filter(([name]) => (/^trailer$/i.test(name) ? policy.keepsTrailerField : !ITS_OWN.test(name)));

  const isHeldBack = policy.framing === 'length' || policy.trailers === 'in the head';
  const pieces: Buffer[] = [];
  if (!isHeldBack) sendHead(client, policy, status, head);
  for await (const piece of data) {
    if (isHeldBack) pieces.push(piece);
    else send(client, policy, piece);
  }
  const { isWhole, trailers } = outcome();
  if (!isWhole && policy.onFailure === 'cut') {
    if (isHeldBack || policy.framing === 'chunked') client.end();
    else client.resetAndDestroy();
    return;
  }
  if (isHeldBack) {
    const content = Buffer.concat(pieces);
    if (policy.trailers === 'in the head') head.push(...trailers);
    sendHead(client, policy, status, head, content.length);
    send(client, policy, content);
  }
  if (policy.framing === 'chunked') {
    const lines = policy.trailers === 'kept' ? trailers.map((field) => `${field.join(': ')}\r\n`) : [];
    client.write(`0\r\n${lines.join('')}\r\n`, 'latin1');
  }
  client.end();
}

function sendHead(client: Socket, { framing }: Policy, status: number, fields: Field[], length = 0): void {
  const framed = {
    chunked: 'Transfer-Encoding: chunked',
    length: `Content-Length: ${length}`,
    'until close': 'Via: 1.1 a',
  };
  const lines = [...fields.map((field) => field.join(': ')), framed[framing as keyof typeof framed]];
  client.write(`HTTP/1.1 ${status} Whatever\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function send(client: Socket, { framing, pieceBytes = 65536 }: Policy, data: Buffer): void {
  if (framing !== 'chunked') {
    client.write(data);
    return;
  }
  for (let at = 0; at < data.length; at += pieceBytes) {
    const piece = data.subarray(at, at + pieceBytes);
    client.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
  }
}

/** The octets as they come; behind them, however they end, what ends a chunked body. */
function appendLastChunk(client: Socket, path: string, fields: Field[], port: number): void {
  const origin = connect({ port, host: '127.0.0.1', noDelay: true });
  origin.write(requestHead('HTTP/1.1', path, fields), 'latin1');
  origin.on('data', (data: Buffer) => client.write(data));
  origin.on('error', () => {}).on('close', () => client.end('0\r\n\r\n'));
  client.on('close', () => origin.destroy());
}
