/** What the arguments of `get` ask for. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FieldPairs, serializeFieldLines } from '../../core/fields.ts';
import type { Require } from '../../core/verifier.ts';
import { parseChecksum } from '../../files/download/digest.ts';
import { requestFieldsFor, urlFrom, WANT_REPR_DIGEST } from '../../files/download/download.ts';
import { type ProxyFor, proxyByEnvironment, proxyFields } from '../../files/download/proxy.ts';
import type { RequestSettings } from '../../files/download/request.ts';
import { requestHeaders } from '../../node/head/request-headers.ts';
import { requireFrom, UsageError } from '../usage.ts';
import { nameFromUrl } from './file-name.ts';

const USER_AGENT = 'chunked-trailers';

export interface GetOptions {
  url: URL;
  /** Undefined: standard output. */
  output: string | undefined;
  /** Whether standard output was asked for in so many words. */
  isStdoutAsked: boolean;
  /** Whether the name in a Content-Disposition goes before that of the URL. */
  isNamedByServer: boolean;
  /** Whether a file that is there may be replaced. */
  mayReplace: boolean;
  isResumed: boolean;
  /** Whether only what is newer than the file is wanted. */
  isTimestamped: boolean;
  hasRemoteTime: boolean;
  checksum: string | undefined;
  retries: number;
  require: Require;
  fields: FieldPairs;
  maxRedirects: number;
  connectTimeout: number;
  idleTimeout: number;
  totalTimeout: number;
  maxTime: number;
  proxyFor: ProxyFor;
  tls: NonNullable<RequestSettings['tls']>;
  isQuiet: boolean;
}

/** @returns undefined if only the help is asked for */
export function readOptions(args: string[]): GetOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      'remote-name': { type: 'boolean', short: 'O', default: false },
      'remote-header-name': { type: 'boolean', short: 'J', default: false },
      resume: { type: 'boolean', default: false },
      retries: { type: 'string' },
      checksum: { type: 'string' },
      timestamping: { type: 'boolean', short: 'N', default: false },
      'remote-time': { type: 'boolean', short: 'R', default: false },
      require: { type: 'string', default: 'announced' },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      plain: { type: 'boolean', default: false },
      'max-redirects': { type: 'string', default: '10' },
      proxy: { type: 'string', short: 'x' },
      cacert: { type: 'string' },
      insecure: { type: 'boolean', short: 'k', default: false },
      'connect-timeout': { type: 'string', default: '60' },
      'idle-timeout': { type: 'string', default: '300' },
      'total-timeout': { type: 'string', default: '86400' },
      'max-time': { type: 'string', default: '604800' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const [address] = positionals;
  if (address === undefined || positionals.length > 1) throw new UsageError('get takes one URL');
  if (/^[\w.-]+:\d+(?:\/|$)/.test(address)) throw new UsageError(`"${address}" lacks its scheme: http://${address}`);
  const url = usage(() => urlFrom(address));
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`only http: and https: are supported, not ${url.protocol}`);
  }
  if (values.output !== undefined && (values.output === '' || /[/\\]$/.test(values.output))) {
    throw new UsageError(`-o takes the name of a file, not "${values.output}"`);
  }
  const require = requireFrom(values.require);
  if (values.output !== undefined && values['remote-name']) throw new UsageError('-o and -O name the file: give one');
  if (values['remote-header-name'] && !values['remote-name']) throw new UsageError('-J goes with -O');
  const output = values['remote-name'] ? nameOf(url) : values.output === '-' ? undefined : values.output;
  if (values.timestamping && output === undefined) throw new UsageError('-N needs a file to compare with: -o <file>');
  if (values.resume && output === undefined) throw new UsageError('--resume needs a file to continue: -o <file>');
  if (values.resume && values.plain) throw new UsageError('--resume asks for the status: it cannot go with --plain');
  if (values.checksum !== undefined) usage(() => parseChecksum(values.checksum!));
  const own = ownFields(values.header);
  if (values.resume) assertOurs(own, '--resume', ['range', 'if-range']);
  if (values.timestamping) assertOurs(own, '-N', ['if-modified-since', 'if-none-match']);
  return {
    url,
    output,
    isStdoutAsked: values.output === '-',
    isNamedByServer: values['remote-header-name'],
    mayReplace: true,
    isResumed: values.resume,
    isTimestamped: values.timestamping,
    hasRemoteTime: values['remote-time'] || values.timestamping,
    checksum: values.checksum,
    retries: wholeNumber('--retries', values.retries ?? (values.resume ? '5' : '0')),
    require,
    fields: requestFields(url, own, values.plain),
    maxRedirects: wholeNumber('--max-redirects', values['max-redirects']),
    connectTimeout: 1000 * wholeNumber('--connect-timeout', values['connect-timeout']),
    idleTimeout: 1000 * wholeNumber('--idle-timeout', values['idle-timeout']),
    totalTimeout: 1000 * wholeNumber('--total-timeout', values['total-timeout']),
    maxTime: 1000 * wholeNumber('--max-time', values['max-time']),
    ...connectionFrom(url, values),
    isQuiet: values.quiet,
  };
}

function nameOf(url: URL): string {
  const name = nameFromUrl(url);
  if (name === undefined) throw new UsageError('-O finds no safe name of a file in the URL: use -o <file>');
  return name;
}

function connectionFrom(
  url: URL,
  { proxy, cacert, insecure }: { proxy?: string | undefined; cacert?: string | undefined; insecure: boolean },
): Pick<GetOptions, 'proxyFor' | 'tls'> {
  const proxyFor = proxyByEnvironment(process.env, proxy);
  usage(() => {
    const way = proxyFor(url);
    if (way !== undefined) proxyFields(way);
  });
  return {
    proxyFor,
    tls: { ...(cacert !== undefined && { ca: certificatesFrom(cacert) }), rejectUnauthorized: !insecure },
  };
}

/** Node would take what is no certificate for a file without any, and trust nobody. */
function certificatesFrom(file: string): Buffer {
  try {
    const content = readFileSync(file);
    const found = content.toString('latin1').match(/^-----BEGIN ((?:\w+ )?CERTIFICATE)-----[^-]*-----END \1-----/gm);
    if (found === null) throw new Error('it has no certificate in PEM');
    for (const one of found) new X509Certificate(one);
    return content;
  } catch (error) {
    const { message, reason } = error as Error & { reason?: string }; // OpenSSL has a reason
    const why = reason === undefined ? message : `one of its certificates is broken (${reason})`;
    throw new Error(`--cacert ${file} cannot be used: ${why}`);
  }
}

/** What it throws is wrong usage. */
function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`${option} takes a whole number up to 999999, not "${text}"`);
  return Number(text);
}

function ownFields(headerLines: readonly string[]): FieldPairs {
  const own: FieldPairs = headerLines.map((line) => {
    const [, name, value] = /^([^:]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      // What comes after the first word may be secret.
      throw new UsageError(`-H takes "Name: value", not "${line.replace(/(?<=\S)\s.*/s, ' ...')}"`);
    }
    return [name, value];
  });
  usage(() => serializeFieldLines(own));
  return own;
}

function assertOurs(own: FieldPairs, option: string, fields: readonly string[]): void {
  const ours = own.map(([name]) => name.toLowerCase()).find((name) => fields.includes(name));
  if (ours !== undefined) throw new UsageError(`${option} sends ${ours} itself: leave it out`);
}

function requestFields(url: URL, own: FieldPairs, isPlain: boolean): FieldPairs {
  const asking = isPlain ? {} : { ...requestHeaders(), ...WANT_REPR_DIGEST };
  const fields = Object.entries({ 'User-Agent': USER_AGENT, Accept: '*/*', ...asking });
  return usage(() => requestFieldsFor(url, fields, own));
}
