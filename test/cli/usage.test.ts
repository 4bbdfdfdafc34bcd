/**
 * Strategy: the options of each command are read out of its source and out of its `--help`, and are to be the same, in
 * both directions; the built program is to know each of them. And wrong usage ends with 2 and a way to the help.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { DEMO_USAGE, GET_USAGE, INSPECT_USAGE, SERVE_USAGE, USAGE } from '../../src/cli/usage.ts';
import { run } from '../support/cli.ts';

const COMMANDS = [
  ['demo', DEMO_USAGE],
  ['serve', SERVE_USAGE],
  ['get', GET_USAGE],
  ['inspect', INSPECT_USAGE],
] as const;

interface Option {
  name: string;
  short: string | undefined;
  takesValue: boolean;
}

/** The options that are given to parseArgs. */
function optionsInSource(command: string): Option[] {
  const file = command === 'get' ? 'options' : command;
  const source = readFileSync(new URL(`../../src/cli/${command}/${file}.ts`, import.meta.url), 'utf8');
  const entry = /(?:'([\w-]+)'|(\w+)): \{ type: '(string|boolean)'(?:, short: '(\w)')?/g;
  return [...source.matchAll(entry)].map(([, quoted, plain, type, short]) => ({
    name: (quoted ?? plain)!,
    short,
    takesValue: type === 'string',
  }));
}

/** The lines `  -x, --name <value>  what it does` of a usage text. */
function optionsInUsage(usage: string): Option[] {
  const entry = /^ {2}(?:-(\w), | {4})--([\w-]+)( <\w+>)?/gm;
  return [...usage.matchAll(entry)].map(([, short, name, value]) => ({
    name: name!,
    short,
    takesValue: value !== undefined,
  }));
}

const byName = (one: Option, other: Option) => one.name.localeCompare(other.name);

describe.each(COMMANDS)('%s', (command, usage) => {
  test('--help and -h print the usage, whatever else is there', async () => {
    const printed = { code: 0, signal: null, stdout: usage, stderr: '' };
    expect(await run([command, '--help'])).toEqual(printed);
    expect(await run([command, 'one', 'two', '-h'])).toEqual(printed);
  });

  test('the usage names every option that there is, and no other', () => {
    expect(optionsInSource(command).length).toBeGreaterThan(0);
    expect(optionsInUsage(usage).sort(byName)).toEqual(optionsInSource(command).sort(byName));
  });

  test('every option that the text mentions anywhere is known to the program', async () => {
    const values = new Map(optionsInSource(command).map(({ name, takesValue }) => [name, takesValue]));
    const mentioned = new Set([...usage.matchAll(/--([a-z-]+)/g)].map(([, name]) => name!));
    const args = [...mentioned].flatMap((name) => (values.get(name) ? [`--${name}`, '1'] : [`--${name}`]));
    expect(await run([command, ...args, '--help'])).toMatchObject({ code: 0, stdout: usage, stderr: '' });
  });

  test('every short option is known to the program', async () => {
    const shorts = optionsInUsage(usage).filter(({ short }) => short !== undefined);
    const args = shorts.flatMap(({ short, takesValue }) => (takesValue ? [`-${short}`, '1'] : [`-${short}`]));
    expect(await run([command, ...args, '--help'])).toMatchObject({ code: 0, stdout: usage, stderr: '' });
  });

  test('another option is wrong usage', async () => {
    const { code, stdout, stderr } = await run([command, '--nonsense']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: there is no option --nonsense\n/);
    expect(stderr.endsWith(`\nSee: chunked-trailers ${command} --help\n`)).toBe(true);
  });
});

test.each<readonly [name: string, usage: string]>([['the program', USAGE], ...COMMANDS])(
  'the help of %s fits 80 columns',
  (_, usage) => {
    expect(usage.split('\n').filter((line) => line.length >= 80)).toEqual([]);
  },
);

test('get --help lists every exit code, and no other', () => {
  const table = GET_USAGE.slice(GET_USAGE.indexOf('\nExit codes\n'));
  const listed = [...table.matchAll(/^ +(\d+) {2}\S/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT).sort((one, other) => one - other));
});

describe('the program', () => {
  test.each([['--help'], ['-h'], ['help']])('%s names every command', async (argument) => {
    expect(await run([argument])).toEqual({ code: 0, signal: null, stdout: USAGE, stderr: '' });
    const commands = [...USAGE.matchAll(/^ {2}chunked-trailers ([a-z]+)/gm)].map(([, command]) => command);
    expect(commands).toEqual(COMMANDS.map(([command]) => command));
  });

  test.each([['--version'], ['-v']])('%s', async (argument) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await run([argument])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [[], 'a command is missing'],
    [['fetch'], 'there is no command "fetch"'],
    [['constructor'], 'there is no command "constructor"'],
    [['__proto__'], 'there is no command "__proto__"'],
    [['--nonsense'], 'there is no option "--nonsense"'],
  ])('2 for %j', async (args, message) => {
    expect(await run(args)).toEqual({ code: 2, signal: null, stdout: '', stderr: `error: ${message}\n${USAGE}` });
  });
});

describe('2: get, used wrongly', () => {
  const URL_ = 'http://127.0.0.1/';
  test.each<[args: string[], message: string]>([
    [[], 'get takes one URL'],
    [[URL_, URL_], 'get takes one URL'],
    [['/etc/passwd'], '"/etc/passwd" is not a URL; it starts with http:// or https://'],
    [['http://me:secret@h:99999/'], '"http://h:99999/" is not a URL; it starts with http:// or https://'],
    [['http://me:sec/ret@h'], '"http://h" is not a URL; it starts with http:// or https://'],
    [['http://me:sec?r#et@h'], '"http://h" is not a URL; it starts with http:// or https://'],
    [['://me:sec/ret@h'], '"://h" is not a URL; it starts with http:// or https://'],
    [['me:secret@h/a@b'], 'only http: and https: are supported, not me:'],
    [['ftp://127.0.0.1/'], 'only http: and https: are supported, not ftp:'],
    [['file:///etc/passwd'], 'only http: and https: are supported, not file:'],
    [[URL_, '--require', 'maybe'], '--require takes announced, always or never, not "maybe"'],
    [[URL_, '--max-redirects', '1x'], '--max-redirects takes a whole number up to 999999, not "1x"'],
    [[URL_, '--idle-timeout', '1.5'], '--idle-timeout takes a whole number up to 999999, not "1.5"'],
    [[URL_, '--max-time', '1000000'], '--max-time takes a whole number up to 999999, not "1000000"'],
    [[URL_, '-o'], '--output needs a value'],
    [[URL_, '-o', '-x'], '--output needs a value; one that begins with - is written as --output=-x'],
    [[URL_, '--retries', '-1'], '--retries needs a value; one that begins with - is written as --retries=-x'],
    [[URL_, '--quiet=yes'], '--quiet takes no value'],
    [[URL_, '-qz'], 'there is no option -q'],
    [[URL_, '-H', 'no colon'], '-H takes "Name: value", not "no ..."'],
    [[URL_, '-H', 'Authorization Bearer secret'], '-H takes "Name: value", not "Authorization ..."'],
    [[URL_, '-H', ': no name'], '-H takes "Name: value", not ": ..."'],
    [[URL_, '-H', 'A b: c'], '"A b" is not a field name (RFC 9110 §5.1: a token)'],
    [[URL_, '-H', 'A: €'], 'The value of field A has a character that a field line cannot carry'],
  ])('%j', async (args, message) => {
    const stderr = `error: ${message}\nSee: chunked-trailers get --help\n`;
    expect(await run(['get', ...args])).toEqual({ code: 2, signal: null, stdout: '', stderr });
  });

  test.each<[what: string, args: string[]]>([
    ['an option without its value', [URL_, '--output']],
    ['a value that looks like an option', [URL_, '--max-redirects', '-1']],
    ['a field with CR LF in it', [URL_, '-H', 'A: b\r\nC: d']],
    ['a user that is no percent-encoding', ['http://%zz@127.0.0.1/']],
    ['a password that is no percent-encoding', ['http://a:%@127.0.0.1/']],
  ])('%s', async (_, args) => {
    const { code, stdout, stderr } = await run(['get', ...args]);
    expect(stderr).toMatch(/^error: [\s\S]+\nSee: chunked-trailers get --help\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
