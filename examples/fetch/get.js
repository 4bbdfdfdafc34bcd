/** node get.js URL: writes the content to standard output, the verdict to standard error, and exits with 0 or 1. */
import { sealedFetch } from './sealed-fetch.js';

try {
  const { content } = await sealedFetch(process.argv[2]);
  process.stdout.write(content);
  console.error('complete');
} catch (error) {
  console.error(error.verdict === undefined ? String(error) : `${error.verdict} ${error.type}`);
  process.exitCode = 1;
}
