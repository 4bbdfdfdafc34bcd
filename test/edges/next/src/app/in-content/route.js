import { Readable } from 'node:stream';
import { sealedResponse } from 'chunked-trailers/web';
import { sourceOf } from '../../../../source.js';

export const dynamic = 'force-dynamic';

export function GET(request) {
  const rows = Readable.toWeb(sourceOf(request.url));
  return sealedResponse(request, rows, { headers: { 'Content-Type': 'text/html' } });
}
