import { pipeline } from 'node:stream/promises';
import { respond } from 'chunked-trailers';
import { sourceOf } from '../../../../source.js';

export default function handler(req, res) {
  res.setHeader('Content-Type', 'text/html');
  return pipeline(sourceOf(req.url), respond(res));
}
