/** What the command line says about itself, and the error for being used wrongly. */
import type { Require } from '../core/verifier.ts';

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What `--require` takes. */
export function requireFrom(text: string): Require {
  if (text === 'announced' || text === 'always' || text === 'never') return text;
  throw new UsageError(`--require takes announced, always or never, not "${text}"`);
}

/** In a line, also what Node's parseArgs says in three. */
export function usageMessage(error: NodeJS.ErrnoException): string {
  const { code, message } = error;
  const [, option = ''] = /'([^' <]*)/.exec(message) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `there is no option ${option}`;
  if (code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return message;
  const [name] = /--[\w-]+/.exec(message) ?? [option];
  if (message.includes('does not take')) return `${name} takes no value`;
  if (!message.includes('ambiguous')) return `${name} needs a value`;
  return `${name} needs a value; one that begins with - is written as ${name}=-x`;
}

export const USAGE = `chunked-trailers: streamed HTTP/1.1 responses whose end can be trusted

  chunked-trailers demo [file]             show each kind of end over a socket
  chunked-trailers serve <file|directory>  serve files with sealed responses
  chunked-trailers get <url> [-o file]     get a URL: a whole file, or none
  chunked-trailers inspect [file|-]        annotate and judge a capture

  chunked-trailers <command> --help        the options of a command
  chunked-trailers --version
`;

export const DEMO_USAGE = `chunked-trailers demo [file]

Streams the file (by default one that comes with the package) over loopback
sockets, from a plain server of Node's and from respond(): whole, failing in
the middle, behind an old proxy, cut, with a bit flipped, and without its
trailers. Shows what a plain http.get believed each time, and what verify
concluded. Exits with 0 if every line is what it should be.

  -h, --help
`;

export const SERVE_USAGE = `chunked-trailers serve <file|directory> [options]

  -p, --port <port>       8080 by default; 0 for any free one
      --host <address>    127.0.0.1 by default
      --fail-after <size> break every file on purpose after this many bytes
                          (300000000, 300MB, 256KiB); after 0, nothing has been
                          sent, and the client gets an ordinary 500
      --quiet             no line for each response
  -h, --help

A client that asks for the status (TE: trailers, X-Want-Stream-Status: ?1) gets
it in trailers; every other one gets an ordinary response with its length. A
Range is answered with that part, sealed as well. ETag and Repr-Digest are of
the content; a file over 16 MiB has them once it has been read. Nothing outside
the directory is served. Ctrl-C stops.
`;

export const GET_USAGE = `chunked-trailers get <url> [options]

Where it goes
  -o, --output <file>     this file, which appears only when it is whole. By
                          default, or for -, standard output; binary content
                          goes to a terminal only with -o -
  -O, --remote-name       a file named after the last part of the URL's path
  -J, --remote-header-name
                          with -O: or named by Content-Disposition, asked for
                          by HEAD. It replaces no file without --resume or -N,
                          and is not a name that leads elsewhere or begins
                          with . - or ~
  -R, --remote-time       the file gets the time of the server's Last-Modified
  -N, --timestamping      only if the server has a newer one; with its time

When it breaks off
      --resume            keep what came in <file>.part, and continue it: at
                          once, and in the next run with --resume; needs a file
      --retries <n>       give up after so many requests in a row that brought
                          less than 64 KiB; 5 by default with --resume, else 0

What is accepted
      --checksum <digest> sha-256=<hex> or sha-512=<hex> of the whole, as it
                          was published: anything else is a mismatch
      --require <when>    when a body without a status is a failure: announced
                          (default), always, never

The request
  -H, --header <line>     a further field, "Name: value"; may be repeated
      --plain             do not ask for the status, as an ordinary client
      --max-redirects <n> 10 by default
  -x, --proxy <url>       http://[user:password@]host:port. By default that of
                          http_proxy, https_proxy or all_proxy, except for the
                          hosts in no_proxy (or the same in capitals)
      --cacert <file>     trust these certificates (PEM), not those of Node
  -k, --insecure          do not check the server's certificate

Seconds, where 0 is for no bound
      --connect-timeout <s>
                          until there is a connection; 60 by default
      --idle-timeout <s>  without a byte; 300 by default
      --total-timeout <s> for one whole body; 86400, a day, by default
      --max-time <s>      for all, with the retries; 604800, a week, by default

      --quiet             no progress line
  -h, --help

Exit codes
   0  complete; or unverified (a warning), from a server that never announced a
      status; or, with -N, nothing newer
   1  a local problem, such as a file that cannot be written, a full disk, or
      binary content for a terminal
   2  wrong usage
   3  no connection, or no well-formed response head
   4  an HTTP status that brings no content to use: 300 or more, a part that
      was not asked for, no content with --require always; too many redirects
  20  failed: the sender said so, and why
  21  truncated: the connection ended, or went silent, before the body did, or
      the time of --max-time was over
  22  malformed: the framing is broken, or passed a limit
  23  mismatch: the byte count, a digest or the checksum disagrees
  24  unverified: no status came where one was required
 130  interrupted (Ctrl-C, SIGTERM, SIGHUP)
`;

export const INSPECT_USAGE = `chunked-trailers inspect [file|-] [options]

Annotates responses as they came on a connection, one after the other, or a
chunked body without a head: each piece with its offset and what it is in the
grammar (RFC 9112), where it breaks, and what a receiver concludes. Without a
file it reads standard input, and shows what comes as it comes.

      --all               show every chunk; by default the first 16, and the
                          others summed up
      --json              one JSON object a line
      --method <method>   of the request; GET by default. A response to HEAD
                          has no body
      --require <when>    when a body without a status is a failure: announced
                          (default), always, never
  -h, --help

Exit codes, of the first message that is not as it should be
   0  complete; or unverified, from a server that never announced a status
   1  a local problem, such as a file that cannot be read, or a full disk
   2  wrong usage
   3  no well-formed response head, or an empty input
  20  failed: the sender said so, and why
  21  truncated: the input ends before the body does
  22  malformed: the framing is broken, or passed a limit
  23  mismatch: the byte count or the digest disagrees
  24  unverified: no status came where one was required
 130  interrupted (Ctrl-C, SIGTERM, SIGHUP)
`;
