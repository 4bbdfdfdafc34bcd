import { Readable } from 'node:stream';
import { sourceOf } from '../../../../source.js';

export const dynamic = 'force-dynamic';

export function GET(request) {
  return new Response(Readable.toWeb(sourceOf(request.url)), { headers: { 'Content-Type': 'text/html' } });
}
