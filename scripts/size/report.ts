/** npm run size: what each subpath for the browser weighs, beside its budget. Fails if one is over it. */
import { forBrowsers, ROOT } from '../check-package/subpaths.ts';
import { BUDGETS, bundle } from './bundle.ts';

for (const { subpath, specifier, compiled } of forBrowsers) {
  const { minifiedBytes, gzipBytes } = await bundle(`./${compiled}`, ROOT);
  const budget = BUDGETS[subpath];
  const isOver = budget !== undefined && gzipBytes > budget;
  if (isOver) process.exitCode = 1;
  const limit = budget === undefined ? 'no budget' : `${isOver ? 'OVER' : 'within'} its budget of ${budget}`;
  console.log(`${specifier}: ${minifiedBytes} octets minified, ${gzipBytes} as gzip, ${limit}`);
}
