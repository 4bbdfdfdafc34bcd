/** The upstream side of the proxies: by Node's own client, or in HTTP/1.0 by hand. */
import http from 'node:http';
import { connect } from 'node:net';

export type Field = [name: string, value: string];

export interface Upstream {
  status: number;
  fields: Field[];
  data: AsyncIterable<Buffer>;
  /** Known when the data has ended. */
  outcome(): { isWhole: boolean; trailers: Field[] };
}

export function requestHead(version: string, path: string, fields: Field[]): string {
  const lines = [['Host', 'a'] as Field, ...fields].map((field) => `${field.join(': ')}\r\n`);
  return `GET ${path} ${version}\r\n${lines.join('')}\r\n`;
}

/** By Node's own client. */
export function upstream(port: number, path: string, fields: Field[]): Promise<Upstream> {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port, path, agent: false as const, headers: [['Host', 'a'], ...fields].flat() };
    const request = http.get(target, (response) => {
      async function* data() {
        try {
          for await (const piece of response) yield piece as Buffer;
        } catch {
          // told by `complete`
        }
      }
      resolve({
        status: response.statusCode!,
        fields: pairs(response.rawHeaders),
        data: data(),
        outcome: () => ({ isWhole: response.complete, trailers: pairs(response.rawTrailers) }),
      });
    });
    request.on('error', reject);
  });
}

/** In HTTP/1.0: the body goes on until the connection ends, and only RST says that it failed. */
export async function oldUpstream(port: number, path: string, fields: Field[]): Promise<Upstream> {
  const origin = connect({ port, host: '127.0.0.1', noDelay: true });
  origin.write(requestHead('HTTP/1.0', path, fields), 'latin1');
  const pieces: Buffer[] = [];
  const isWhole = await new Promise<boolean>((resolve) => {
    origin.on('data', (data: Buffer) => pieces.push(data));
    origin.on('error', () => {}).on('close', (hadError) => resolve(!hadError));
  });
  const octets = Buffer.concat(pieces);
  const end = octets.indexOf('\r\n\r\n');
  const [line, ...lines] = octets.toString('latin1', 0, end).split('\r\n');
  async function* data() {
    if (octets.length > end + 4) yield octets.subarray(end + 4);
  }
  return {
    status: Number(line!.split(' ')[1]),
    fields: lines.map((one) => one.split(': ') as Field),
    data: data(),
    outcome: () => ({ isWhole, trailers: [] }),
  };
}

function pairs(flat: readonly string[]): Field[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!]);
}
