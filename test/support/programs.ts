/**
 * Clients that know nothing of this library, as functions from a URL to what they report. Each program gets the request
 * fields that it is told to send; nothing is asked of it but to read a body and to say whether that went well.
 */
import { execFile } from 'node:child_process';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { latin1 } from './octets.ts';

const run = promisify(execFile);

export interface Report {
  /** What the client says: `ok`, or how it names the failure. */
  outcome: string;
  /** The content that it gave out. */
  data: string;
}

export interface Client {
  name: string;
  /** The program that must be there; undefined for what Node itself has. */
  program?: string;
  /** What it says about a cut body: an exit code, an error's name or code. */
  cut: RegExp;
  /** The same about a response with status 500. */
  error: RegExp;
  read(url: string, fields: Record<string, string>): Promise<Report>;
}

const codeOf = (error: unknown) => (error as { code?: string }).code ?? (error as Error).name;

const messageOf = (url: string, headers: Record<string, string>) =>
  new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(url, { headers, agent: false }, resolve).on('error', reject);
  });

/** Reads with `read`, which gives its data to a callback; what it throws is the outcome. */
async function report(read: (give: (data: Uint8Array) => void) => Promise<number>): Promise<Report> {
  let data = '';
  try {
    const status = await read((piece) => {
      data += latin1(piece);
    });
    return { outcome: status === 200 ? 'ok' : `status ${status}`, data };
  } catch (error) {
    return { outcome: codeOf(error), data };
  }
}

/** The outcome is the exit code, and standard output the data. */
async function spawned(program: string, args: string[]): Promise<Report> {
  try {
    const { stdout } = await run(program, args, { encoding: 'latin1' });
    return { outcome: 'ok', data: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number | string; stdout?: string };
    return { outcome: `exit ${code}`, data: stdout ?? '' };
  }
}

const lines = (fields: Record<string, string>) => Object.entries(fields).map(([name, value]) => `${name}: ${value}`);

const PYTHON_HTTP_CLIENT = `
import http.client, json, sys, urllib.parse
url = urllib.parse.urlparse(sys.argv[1])
connection = http.client.HTTPConnection(url.netloc)
connection.request('GET', url.path, headers=json.loads(sys.argv[2]))
response = connection.getresponse()
try:
    sys.stdout.write(response.read().decode('latin1'))
except http.client.IncompleteRead as error:
    sys.stdout.write(error.partial.decode('latin1'))
    sys.exit(3)
except ConnectionResetError:
    sys.exit(4)
sys.exit(0 if response.status == 200 else 5)
`;

const PYTHON_URLLIB = `
import http.client, json, sys, urllib.error, urllib.request
try:
    response = urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=json.loads(sys.argv[2])))
    sys.stdout.write(response.read().decode('latin1'))
except http.client.IncompleteRead as error:
    sys.stdout.write(error.partial.decode('latin1'))
    sys.exit(3)
except urllib.error.HTTPError:
    sys.exit(5)
`;

/** Of libwww-perl. What it died of while it read is a field of its response. */
const PERL_LWP = `
use LWP::UserAgent;
my ($url, @fields) = @ARGV;
my $agent = LWP::UserAgent->new(send_te => 0, env_proxy => 0);
my $response = $agent->get($url, @fields);
print $response->content if $response->is_success;
exit 5 unless $response->is_success;
exit 3 if $response->header('X-Died') or $response->header('Client-Aborted');
`;

export const CLIENTS: Client[] = [
  {
    name: 'http.get and pipeline',
    cut: /^ECONNRESET$/,
    error: /^status 500$/,
    read: (url, fields) =>
      report(async (give) => {
        const message = await messageOf(url, fields);
        await pipeline(message, async (source: AsyncIterable<Buffer>) => {
          for await (const data of source) give(data);
        });
        return message.statusCode!;
      }),
  },
  {
    name: 'http.get and for await',
    cut: /^ECONNRESET$/,
    error: /^status 500$/,
    read: (url, fields) =>
      report(async (give) => {
        const message = await messageOf(url, fields);
        for await (const data of message) give(data);
        return message.statusCode!;
      }),
  },
  {
    name: 'fetch',
    cut: /^TypeError$/,
    error: /^status 500$/,
    read: (url, fields) =>
      report(async (give) => {
        const { Connection: _, ...headers } = fields; // which fetch refuses to send
        const response = await fetch(url, { headers });
        for await (const data of response.body!) give(data);
        return response.status;
      }),
  },
  {
    name: 'undici',
    cut: /^UND_ERR_SOCKET$/,
    error: /^status 500$/,
    read: (url, fields) =>
      report(async (give) => {
        const { Connection: _, ...headers } = fields; // which undici refuses to send
        const dispatcher = new Agent();
        try {
          const { statusCode, body } = await request(url, { headers, dispatcher });
          for await (const data of body) give(data);
          return statusCode;
        } finally {
          await dispatcher.destroy();
        }
      }),
  },
  {
    name: 'curl',
    program: 'curl',
    cut: /^exit 18$/, // CURLE_PARTIAL_FILE
    error: /^exit 22$/, // CURLE_HTTP_RETURNED_ERROR
    read: (url, fields) => spawned('curl', ['-sSN', '--fail', ...lines(fields).flatMap((line) => ['-H', line]), url]),
  },
  {
    name: 'python3 http.client',
    program: 'python3',
    cut: /^exit 3$/, // IncompleteRead
    error: /^exit 5$/,
    read: (url, fields) => spawned('python3', ['-c', PYTHON_HTTP_CLIENT, url, JSON.stringify(fields)]),
  },
  {
    name: 'python3 urllib',
    program: 'python3',
    cut: /^exit 3$/,
    error: /^exit 5$/,
    read: (url, fields) => spawned('python3', ['-c', PYTHON_URLLIB, url, JSON.stringify(fields)]),
  },
  {
    name: 'LWP',
    program: 'lwp-request',
    cut: /^exit 3$/,
    error: /^exit 5$/,
    read: (url, fields) => spawned('perl', ['-e', PERL_LWP, url, ...Object.entries(fields).flat()]),
  },
  {
    name: 'wget',
    program: 'wget',
    cut: /^exit 4$/, // a network failure
    error: /^exit 8$/, // the server issued an error response
    read: (url, fields) =>
      spawned('wget', ['-qO-', '--tries=1', ...lines(fields).map((one) => `--header=${one}`), url]),
  },
];

/** Its version, or undefined if it is not there. */
export async function versionOf(program: string): Promise<string | undefined> {
  try {
    return (await run(program, ['--version'])).stdout.split('\n')[0];
  } catch (error) {
    // lwp-request says its version with its usage, and fails.
    return (error as { code?: unknown }).code === 'ENOENT' ? undefined : program;
  }
}
