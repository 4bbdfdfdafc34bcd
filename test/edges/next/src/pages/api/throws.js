import { sourceOf } from '../../../../source.js';

export default async function handler(req, res) {
  const source = sourceOf(req.url);
  res.on('close', () => source.destroy());
  res.setHeader('Content-Type', 'text/html');
  for await (const data of source) res.write(data);
  res.end();
}
