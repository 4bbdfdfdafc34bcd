/** What the command line says about itself, and the error for being used wrongly. */

export class UsageError extends Error {
  override readonly name = 'UsageError';
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

  chunked-trailers demo [file]             show every kind of end over a real loopback socket
  chunked-trailers serve <file|directory>  serve files with sealed responses
  chunked-trailers get <url> [-o file]     get a URL; the file appears only if it is whole
  chunked-trailers inspect [file|-]        annotate a capture piece by piece, and judge it

  chunked-trailers <command> --help        the options of a command
  chunked-trailers --version
`;

export const DEMO_USAGE = `chunked-trailers demo [file]

Streams the file (by default one that comes with the package) over loopback sockets: from a plain server of Node's and from
respond(); whole, failing in the middle, behind an old proxy, cut, with a bit flipped, without its trailers. Shows what a
plain http.get believed each time, and what verify concluded. Exits with 0 if every line is what it should be.

  -h, --help
`;

export const SERVE_USAGE = `chunked-trailers serve <file|directory> [options]

  -p, --port <port>       8080 by default; 0 for any free one
      --host <address>    127.0.0.1 by default
      --fail-after <size> break every file on purpose after this many octets (300000000, 300MB, 256KiB);
                          after 0, nothing has been sent, and the client gets an ordinary 500
      --quiet             no line for each response
  -h, --help

A client that asks for the status (TE: trailers, X-Want-Stream-Status: ?1) gets it in trailers; every other one gets an
ordinary response with its length. A Range of a file is answered with that part, sealed as well. Its ETag and Repr-Digest are
those of its content; of a file over 16 MiB once that has been read. Nothing outside the directory is served. Ctrl-C stops.
`;

export const GET_USAGE = `chunked-trailers get <url> [options]

  -o, --output <file>     write to this file, which appears only when the body is whole; by default, or for -,
                          standard output. Binary content goes to a terminal only with -o -
  -O, --remote-name       the file has the last name in the URL's path
  -J, --remote-header-name
                          with -O: or the name in Content-Disposition, asked for by HEAD; it replaces no file. Names
                          that lead elsewhere, or start with . - or ~ are not used
      --resume            keep what came in <file>.part when it breaks off or is interrupted, and continue it: at once,
                          and in the next run with --resume; needs -o
      --retries <n>       requests one after the other that get it no 64 KiB further; 5 by default with --resume, else 0
      --checksum <digest> sha-256=<hex> or sha-512=<hex> of the whole, as it was published: anything else is a mismatch
  -N, --timestamping      ask only for what is newer than the file (If-Modified-Since); it gets the server's time
  -R, --remote-time       give the file the time of its last change at the server (Last-Modified)
      --require <when>    when a body without a status is a failure: announced (default), always, never
  -H, --header <line>     a further request field, "Name: value"; may be repeated
      --plain             do not ask for the status, as an ordinary client
      --max-redirects <n> 10 by default
  -x, --proxy <url>       http://[user:password@]host:port; by default that of http_proxy, https_proxy or all_proxy, but
                          for the hosts in no_proxy (or in capitals)
      --cacert <file>     certificates (PEM) to be trusted, in place of those that come with Node
  -k, --insecure          do not check the server's certificate
      --connect-timeout <s>
                          seconds until there is a connection; 60 by default, 0 for no bound
      --idle-timeout <s>  seconds without a byte before giving up; 300 by default, 0 for never
      --total-timeout <s> seconds for one whole body; 86400, a day, by default, 0 for no bound
      --max-time <s>      seconds for all, with the retries; 604800, a week, by default, 0 for no bound
      --quiet             no progress line
  -h, --help

Exit codes
   0  complete; or unverified (a warning) from a server that never announced a status; or, with -N, nothing newer
   1  a local problem, such as a file that cannot be written, a full disk, or binary content for a terminal
   2  wrong usage
   3  no connection, or no well-formed response head
   4  an HTTP status that brings no content to use: 300 or more, a part that was not asked for, no content
      with --require always; or too many redirects
  20  failed: the sender said so, and why
  21  truncated: the connection ended, or went silent, before the body did; or --max-time was over
  22  malformed: the framing is broken, or passed a limit
  23  mismatch: the byte count, a digest or the checksum disagrees
  24  unverified: no status came where one was required
 130  interrupted (Ctrl-C, SIGTERM, SIGHUP)
`;

export const INSPECT_USAGE = `chunked-trailers inspect [file|-] [options]

Annotates responses as they came on a connection, one after the other, or a chunked body without a head: each piece of
them with its offset and what it is in the grammar (RFC 9112), where they break, and what a receiver concludes. Reads
standard input without a file, and shows what comes as it comes.

      --all               show every chunk; by default the first 16, and the others summed up
      --json              one JSON object a line
      --method <method>   of the request; GET by default. A response to HEAD has no body
      --require <when>    when a body without a status is a failure: announced (default), always, never
  -h, --help

Exit codes, of the first message that is not as it should be
   0  complete; or unverified, from a server that never announced a status
   1  a local problem, such as a file that cannot be read, or a disk that is full
   2  wrong usage
   3  no well-formed response head, or an empty input
  20  failed: the sender said so, and why
  21  truncated: the input ends before the body does
  22  malformed: the framing is broken, or passed a limit
  23  mismatch: the byte count or the digest disagrees
  24  unverified: no status came where one was required
 130  interrupted (Ctrl-C, SIGTERM, SIGHUP)
`;
