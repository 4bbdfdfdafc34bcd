/** Follows redirects of a GET request (RFC 9110 §15.4), a connection of its own for each hop. */
import type { Socket } from 'node:net';
import type { FieldPairs } from '../../core/fields.ts';
import { fieldsAfterRedirect } from '../../files/download/request.ts';
import { StatusError } from '../../files/download/status-error.ts';
import type { ReceivedResponse, ReceiveOptions } from '../../node/receive/receive.ts';
import { exchange, open } from './exchange.ts';

export interface FinalResponse {
  url: URL;
  socket: Socket;
  response: ReceivedResponse;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @returns a response that is no redirect; its body has not been read
 * @throws StatusError for a redirect to nowhere, to another scheme, or one too many; what `receive` throws
 */
export async function getFollowing(
  start: URL,
  fields: FieldPairs,
  maxRedirects: number,
  options: ReceiveOptions,
): Promise<FinalResponse> {
  let url = start;
  let sent = fields;
  for (let redirects = 0; ; redirects++) {
    const socket = open(url);
    const response = await exchange(socket, url, sent, options);
    if (!REDIRECTS.has(response.statusCode)) return { url, socket, response };
    response.body.destroy();
    socket.destroy();
    const location = utf8From(response.headers.location);
    if (location === undefined || !URL.canParse(location, url.href)) {
      throw new StatusError(`HTTP ${response.statusCode} without a Location that can be followed`, response.statusCode);
    }
    if (redirects >= maxRedirects)
      throw new StatusError(`More than ${maxRedirects} redirects; the last one to ${location}`, response.statusCode);
    const next = new URL(location, url);
    if (next.protocol !== 'http:' && next.protocol !== 'https:') {
      throw new StatusError(
        `HTTP ${response.statusCode} redirects to ${next.protocol} which is not followed`,
        response.statusCode,
      );
    }
    sent = fieldsAfterRedirect(sent, url, next);
    url = next;
  }
}

/** A Location should be ASCII; octets beyond it are UTF-8 on the web, and latin1 in our headers. */
function utf8From(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString('utf8') : undefined;
}
