/** The rows of the matrix: what the rule needs to know of a subject in subjects.js. */
import type { Adds, Asking, Scenario } from './clients.ts';

export interface Row {
  subject: string;
  /**
   * It replaces `res.write` or `res.end` below us: no clean failure where somebody may record it, and no promise of count
   * and digest.
   */
  replaces?: boolean;
  /** It destroys what has failed by its own hand: the connection is not kept after that. */
  destroys?: boolean;
  /** It does so at the error of the source itself, before anything of ours is sent. */
  destroysFirst?: boolean;
  adds?: Adds;
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
  { subject: "source.on('error', () => res.destroy())", destroys, destroysFirst: true },
  { subject: 'express 5', destroys },
  { subject: 'express 5, error handler', destroys },
  { subject: 'express 5, careless handler', destroys },
  { subject: 'express 5, compression 1.8', replaces, destroys },
  { subject: 'express 5, compression 1.8 late', replaces, destroys },
  { subject: 'express 4', destroys },
  { subject: 'express 4, error handler', destroys },
  { subject: 'express 4, careless handler', destroys },
  { subject: 'express 4, compression 1.7', replaces, destroys },
  { subject: 'express 4, compression 1.7 late', replaces, destroys },
  { subject: 'fastify 5' },
  { subject: 'fastify 5, rejects' },
  { subject: 'fastify 5, @fastify/compress' },
  { subject: 'koa 3' },
  { subject: 'koa 3, koa-compress' },
  { subject: 'hono' },
  { subject: 'hono, rejects' },
  { subject: 'nest', destroys },
  { subject: 'h3', destroys },
  { subject: 'next 15, pages/api', replaces, destroys },
  { subject: 'apicache', replaces, destroys },
  { subject: 'connect-livereload', replaces, holds: true, adds: /<script .*?<\/script>/s },
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

/** What a client concludes, by design sections 3, 4 and 7: there is one right value each. */
export function expected(row: Row, scenario: Scenario, asking: Asking, client: string): RegExp {
  const isLate = row.holds && (scenario === 'middle' || scenario === 'slow');
  return new RegExp(`^${isLate ? 'LATE, ' : ''}${word(row, scenario, asking, client)}$`);
}

function word(row: Row, scenario: Scenario, asking: Asking, client: string): string {
  const isWire = client === 'wire';
  if (row.breaks) return wordOfBroken(scenario, client);
  if (scenario === 'leaves') return row.holds ? 'empty, HANGS' : 'left'; // it waits for content first
  if (scenario === 'before') return !row.destroysFirst ? '500' : isWire ? 'empty, FIN' : 'cut';
  if (scenario === 'middle') return wordOfFailure(row, asking, isWire);
  if (!isWire) return 'whole';
  if (asking === 'HTTP/1.0') return 'whole, FIN';
  if (scenario === 'head') return row.destroys ? 'whole' : 'whole, kept';
  return asking === 'asked' ? 'ok, whole, kept' : 'whole, kept';
}

function wordOfFailure({ replaces, destroys, holds }: Row, asking: Asking, isWire: boolean): string {
  const cut = holds && isWire ? 'empty' : 'cut';
  if (asking === 'HTTP/1.0') return isWire ? `${cut}, RST` : cut;
  if (asking === 'HTTP/1.1' || replaces) return isWire ? `${cut}, FIN` : cut;
  return isWire && !destroys ? 'told, cut, kept' : 'told, cut';
}

/** The head that throws is that of the error response as well, where the source has failed. */
function wordOfBroken(scenario: Scenario, client: string): string {
  if (scenario === 'before') return client === 'wire' ? 'empty, FIN' : 'cut';
  return scenario === 'leaves' && client === 'fetch' ? 'left' : '500'; // of any content
}
