/**
 * What a caller may pass, in one place for every public function: it is looked at before anything is sent or opened, and a
 * slip is told with its name, what is expected and what was given. A name that nobody reads is refused: a misspelled
 * `require` would leave a body unproven in silence.
 */
import { resolveLimits } from './limits.ts';
import { type ExtraTrailers, trailerNames } from './seal.ts';
import { assertJudging, type Require } from './verifier.ts';

/** Throws for a value that the option of this name cannot have. */
export type Check = (value: never, name: string) => unknown;

/** One for each option there is. */
export type OptionChecks<Options> = { readonly [Name in keyof Required<Options>]: Check };

/**
 * @param of what they are the options of, as the caller knows it
 * @throws TypeError, RangeError
 */
export function assertOptions<Options extends object>(
  of: string,
  options: Options,
  checks: OptionChecks<Options>,
): void {
  anObject(options as never, `The options of ${of}`);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(checks, name)) {
      throw new TypeError(`${of} has no option "${name}"; there are ${Object.keys(checks).join(', ')}`);
    }
  }
  // Whatever is read later is looked at: what the options have inherited, too.
  for (const name in checks) {
    const value = options[name];
    if (value !== undefined) checks[name](value as never, name);
  }
}

/** For an option that is looked at where it is used. */
export const anything: Check = () => {};
export const aFunction = mustBe('a function', (value) => typeof value === 'function');
export const aBoolean = mustBe('true or false', (value) => typeof value === 'boolean');
export const aString = mustBe('a string', (value) => typeof value === 'string');
export const aNumber = mustBe('a number', (value) => typeof value === 'number');
export const anObject = mustBe('an object', isObject);
/** By its shape: there may be several AbortSignals, as in a test runner with a window of its own. */
export const anAbortSignal = mustBe(
  'an AbortSignal',
  (value) => isObject(value) && 'aborted' in value && 'addEventListener' in value,
);
export const namesAndValues = mustBe(
  'an object of names and values',
  (value) => isObject(value) && !(Symbol.iterator in value),
);

/** TypeError for what is no number, RangeError for one that is not of these. */
export function integer(what: string, first: number, last = Number.MAX_SAFE_INTEGER): Check {
  return (value: unknown, name) => {
    if (Number.isSafeInteger(value) && first <= (value as number) && (value as number) <= last) return;
    throw new (typeof value === 'number' ? RangeError : TypeError)(`${name} must be ${what}, not ${shown(value)}`);
  };
}

export const areLimits: Check = (value, name) => {
  anObject(value, name);
  resolveLimits(value);
};

const hasTrailers = mustBe('{ names: string[], fields: () => [name, value][] }', (value) => {
  const { names, fields } = Object(value) as Partial<ExtraTrailers>;
  return Array.isArray(names) && typeof fields === 'function';
});

/** Those of ExtraTrailers. */
export const areTrailers: Check = (value, name) => {
  hasTrailers(value, name);
  trailerNames(value);
};

/** Those of JudgingOptions. */
export const JUDGING = {
  require: (require: Require) => assertJudging({ require }),
  digest: (digest: never) => assertJudging({ digest }),
};

/** A bundler leaves out the checks that nobody uses. @__NO_SIDE_EFFECTS__ */
export function mustBe(what: string, is: (value: unknown) => boolean): Check {
  return (value: unknown, name) => {
    if (!is(value)) throw new TypeError(`${name} must be ${what}, not ${shown(value)}`);
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A value as a message has it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (!isObject(value)) return String(value);
  const name: unknown = Array.isArray(value) ? 'list' : value.constructor?.name;
  if (typeof name !== 'string' || name === 'Object') return 'an object';
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}
