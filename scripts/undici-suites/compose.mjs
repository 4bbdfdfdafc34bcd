/** Loaded before undici's tests: every dispatcher of the undici under test has verifyInterceptor around its `dispatch`. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { verifyInterceptor } from '../../dist/undici/index.js';

const file = path.join(process.env.UNDICI_UNDER_TEST, 'lib/dispatcher/dispatcher-base.js');
if (!existsSync(file)) throw new Error(`There is no ${file}`);
const { prototype } = createRequire(import.meta.url)(file);
const { dispatch } = prototype;
const intercept = verifyInterceptor();

/** A dispatcher hands on to those that it is made of, in the same tick: the outermost is enough. */
let depth = 0;
prototype.dispatch = function (options, handler) {
  const inner = (...args) => dispatch.apply(this, args);
  depth++;
  try {
    return depth === 1 ? intercept(inner)(options, handler) : inner(options, handler);
  } finally {
    depth--;
  }
};
