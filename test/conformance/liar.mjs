/** A recipient that takes everything for whole: `node liar.mjs URL`. */
import http from 'node:http';

http.get(process.argv[2], (message) => {
  message.on('error', () => {}).pipe(process.stdout);
  message.on('close', () => process.stderr.write('complete\n'));
});
