/** The rows of the matrix: what the rule needs to know of a subject in subjects.js. */
import type { Asking, Scenario } from './clients.ts';

export interface Row {
  subject: string;
  /**
   * It replaces `res.write` or `res.end` below us: no clean failure where somebody may record it, and no promise of count
   * and digest.
   */
  replaces?: boolean;
  /** It does so only for a while, or after `respond`: either ending of a failure is right. */
  mayReplace?: boolean;
  /** It destroys what fails by its own hand: the connection is not kept after it, and part of the content may be lost. */
  destroys?: boolean;
  /** What it adds to the content. */
  adds?: RegExp;
  /** It holds content back until more follows, and nobody tells it to flush. */
  holds?: boolean;
  /** No response of it is ever good: its first head throws, and the client gets an error response. */
  breaks?: boolean;
}

const destroys = true;
const replaces = true;

export const ROWS: Row[] = [
  { subject: 'node:http' },
  { subject: 'a raw socket' },
  { subject: 'plain .pipe' },
  { subject: 'res.end() in catch' },
  { subject: 'res.end(text) in catch' },
  { subject: 'res.destroy() in catch', destroys },
  { subject: 'req.socket.destroy() in catch', destroys },
  { subject: 'closeAllConnections() in catch', destroys },
  { subject: "source.on('error', () => res.end())" },
  { subject: "source.on('error', () => res.destroy())", destroys },
  { subject: 'express 5', destroys },
  { subject: 'express 5, error handler', destroys },
  { subject: 'express 5, careless handler', destroys },
  { subject: 'express 5, compression 1.8', replaces, destroys },
  { subject: 'express 5, compression 1.8 late', mayReplace: true, destroys },
  { subject: 'express 4', destroys },
  { subject: 'express 4, error handler', destroys },
  { subject: 'express 4, careless handler', destroys },
  { subject: 'express 4, compression 1.7', replaces, destroys },
  { subject: 'express 4, compression 1.7 late', mayReplace: true, destroys },
  { subject: 'fastify 5' },
  { subject: 'fastify 5, rejects' },
  { subject: 'fastify 5, @fastify/compress' },
  { subject: 'koa 3' },
  { subject: 'koa 3, koa-compress' },
  { subject: 'hono' },
  { subject: 'hono, rejects' },
  { subject: 'nest', destroys },
  { subject: 'h3', destroys },
  { subject: 'apicache', replaces, destroys },
  { subject: 'connect-livereload', mayReplace: true, adds: /<script>.*?<\/script>\s*/s },
  { subject: 'connect-timeout' },
  { subject: 'express-session', replaces, destroys },
  { subject: 'morgan' },
  { subject: 'on-headers' },
  { subject: 'on-headers that throws', breaks: true },
  { subject: 'a throttle that writes late', replaces },
  { subject: 'an end that adds bytes', replaces, adds: /<!-- footer -->$/ },
];

export const TITLES: Record<Scenario, string> = {
  whole: 'whole body',
  middle: 'fails in the middle',
  before: 'fails before the first byte',
  leaves: 'client leaves',
  slow: 'slow source',
  head: 'HEAD',
};

export const SCENARIOS: Scenario[] = ['whole', 'middle', 'before', 'leaves', 'slow', 'head'];
export const ASKINGS: Asking[] = ['HTTP/1.1', 'asked', 'HTTP/1.0'];

/** What a client may conclude, by design sections 3, 4 and 7. */
export function expected(row: Row, scenario: Scenario, asking: Asking, client: string): RegExp {
  if (row.breaks) return BROKEN[scenario];
  if (scenario === 'leaves') return /^left$/;
  if (scenario === 'before') return row.destroys ? /^(500|cut|empty, (FIN|RST))$/ : /^500$/;
  if (scenario === 'middle') return expectedOfFailure(row, asking, client);
  if (client !== 'wire') return /^whole$/;
  if (asking === 'HTTP/1.0') return /^whole, FIN$/;
  if (scenario === 'head') return row.destroys ? /^whole$/ : /^whole, kept$/;
  return asking === 'asked' ? /^ok, whole, kept$/ : /^whole, kept$/;
}

const ERROR_OR_END = /^(500|cut|empty, FIN)$/;
const BROKEN: Record<Scenario, RegExp> = {
  whole: /^500$/,
  middle: /^500$/,
  before: ERROR_OR_END, // the head that throws is that of the error response
  leaves: /^(500|left)$/,
  slow: /^500$/,
  head: ERROR_OR_END,
};

function expectedOfFailure({ replaces, mayReplace, destroys }: Row, asking: Asking, client: string): RegExp {
  const isWire = client === 'wire';
  if (asking === 'HTTP/1.0') return isWire ? /^cut, RST$/ : /^cut$/;
  if (asking === 'HTTP/1.1') return !isWire ? /^cut$/ : destroys ? /^cut, (FIN|RST)$/ : /^cut, FIN$/;
  if (!isWire) return replaces || mayReplace || destroys ? /^(told, )?cut$/ : /^told, cut$/;
  if (destroys) return replaces ? /^(told, )?cut, (FIN|RST)$/ : /^(told, )?cut(, (FIN|RST))?$/;
  return replaces ? /^(told, )?cut, FIN$/ : mayReplace ? /^(told, )?cut, (FIN|kept)$/ : /^told, cut, kept$/;
}
