/**
 * Launder every cut, in process: what came of each response before each of its octets, ended cleanly by each of the ways
 * in which a proxy does so. The status that was announced and never came, or came cut, must not pass for one.
 */
import { everyNth } from './form.ts';
import { BREATH, breathe, receiveOctets } from './in-process.ts';
import { RESPONSES, WITHOUT_DIGEST } from './responses.ts';
import { countedTest } from './tally.ts';

const CHUNKED = [...RESPONSES, WITHOUT_DIGEST].filter(({ isUntilClose, ending }) => {
  return !isUntilClose && ending !== 'error-response';
});
const LAST_CHUNK = '0\r\n\r\n';

/** The octets of a clean end, made from a head and what came of the chunked body behind it. */
type Launderer = (head: string, body: string) => string;

const LAUNDERERS: [name: string, launder: Launderer][] = [
  ['octets and a last-chunk', (head, body) => head + body + LAST_CHUNK],
  ['octets, CRLF and a last-chunk', (head, body) => `${head}${body}\r\n${LAST_CHUNK}`],
  ['octets, CRLF', (head, body) => `${head}${body}\r\n`],
  ['octets, CRLF CRLF', (head, body) => `${head}${body}\r\n\r\n`],
  ['chunked anew', (head, body) => head + chunk(contentOf(body)) + LAST_CHUNK],
  ['chunked anew, no Trailer', (head, body) => withoutTrailer(head) + chunk(contentOf(body)) + LAST_CHUNK],
  ['Content-Length', (head, body) => withLength(head, contentOf(body))],
  ['Content-Length, no Trailer', (head, body) => withLength(withoutTrailer(head), contentOf(body))],
  ['until close', (head, body) => head.replace('Transfer-Encoding: chunked\r\n', '') + contentOf(body)],
];

for (const require of ['announced', 'always'] as const) {
  const family = `launder every cut, ${require}`;
  countedTest(`x-stream-status 5.2: every cut, ended cleanly, require ${require}`, family, async (tally) => {
    for (const { response, length, name, launder } of everyNth(launderings(), 5)) {
      const { octets, headBytes, contents } = response;
      const head = octets.toString('latin1', 0, headBytes);
      const laundered = launder(head, octets.toString('latin1', headBytes, length));
      const outcome = receiveOctets([Buffer.from(laundered, 'latin1')], require);
      tally.add(outcome, { contents, require }, () => `${response.name} up to ${length}: ${name}`);
      if (tally.count.cases % BREATH === 0) await breathe();
    }
  });
}

function* launderings() {
  for (const response of CHUNKED)
    for (let length = response.headBytes; length < response.octets.length; length++)
      for (const [name, launder] of LAUNDERERS) yield { response, length, name, launder };
}

/** The content in the beginning of a chunked body, of a chunk that is not whole as well. */
function contentOf(body: string): string {
  let content = '';
  for (let at = 0; ; ) {
    const line = /^([1-9a-f][0-9a-f]*)\r\n/.exec(body.slice(at, at + 20));
    if (line === null) return content;
    const start = at + line[0].length;
    at = start + Number.parseInt(line[1]!, 16) + 2;
    content += body.slice(start, at - 2);
  }
}

function chunk(content: string): string {
  return content === '' ? '' : `${content.length.toString(16)}\r\n${content}\r\n`;
}

function withoutTrailer(head: string): string {
  return head.replace(/^Trailer: .*\r\n/m, '');
}

function withLength(head: string, content: string): string {
  return head.replace('Transfer-Encoding: chunked', `Content-Length: ${content.length}`) + content;
}
