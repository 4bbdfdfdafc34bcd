import { pipeline } from 'node:stream/promises';
import { sourceOf } from '../../../../source.js';

export default function handler(req, res) {
  res.setHeader('Content-Type', 'text/html');
  return pipeline(sourceOf(req.url), res);
}
