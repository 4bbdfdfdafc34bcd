/** Responses of Express whose length is known. */
import { join } from 'node:path';
import express from 'express';

export function staticApp(seal, folder) {
  const app = express();
  app.use((_req, res, next) => {
    seal(res);
    next();
  });
  app.get('/send', (_req, res) => res.send('a text'));
  app.get('/json', (_req, res) => res.json({ a: 1 }));
  app.get('/file', (_req, res) => res.sendFile('a.txt', { root: folder }));
  app.get('/download', (_req, res) => res.download(join(folder, 'a.txt')));
  app.get('/redirect', (_req, res) => res.redirect('/send'));
  app.use(express.static(folder));
  return app;
}
