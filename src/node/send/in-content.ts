/**
 * `framing: 'content'`: the chunked body, with its seal, is itself the content of the response, for readers that no
 * trailer reaches (spec-notes/in-content.md). HTTP's own framing around it is plain, and ends well whenever the content
 * inside has said how it ends, a failure included: an end that is cut would have browsers drop the reason.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { type FieldPairs, withoutFields } from '../../core/fields.ts';
import { acceptsType, assertTrueOfContent, inContentType, withMember } from '../../core/in-content.ts';
import { shown } from '../../core/options.ts';
import type { Negotiated, RequestFacts } from './negotiation.ts';
import { applicationFields, type HeadersOption } from './response-head.ts';

/** @throws TypeError for any other value */
export function isInContent(framing: 'content' | undefined): boolean {
  if (framing !== undefined && framing !== 'content') {
    throw new TypeError(`framing must be "content", or be left out; not ${shown(framing)}`);
  }
  return framing === 'content';
}

/**
 * Whether the request asks for `framing: 'content'`: its Accept names `application/vnd.chunked-trailers`, and not with a
 * weight of 0 (RFC 9110 §12.5.1).
 *
 * @example
 * const framing = acceptsInContent(req) ? 'content' : undefined;
 * pipeline(source, respond(res, { framing }), done);
 */
export function acceptsInContent(request: Pick<RequestFacts, 'headers'>): boolean {
  return acceptsType(String(request.headers.accept ?? ''));
}

/** HTTP's framing takes no part in it: the end of the content says all there is to say. */
export function inContentEndings(negotiated: Negotiated): Negotiated {
  if (negotiated.framing === 'none') return negotiated;
  return { ...negotiated, hasTrailers: false, failureEnding: 'clean-failure' };
}

/**
 * The application's fields, with the Content-Type that it set put into a parameter of ours.
 *
 * @param inherited what has been set on the response itself
 * @throws TypeError for fields that cannot be true of such content, and as `applicationFields`
 */
export function inContentFields(headers: HeadersOption = {}, inherited: OutgoingHttpHeaders = {}): FieldPairs {
  const { fields, asksToClose } = applicationFields(headers);
  const valuesOf = (wanted: string): string[] => {
    const key = wanted.toLowerCase();
    const values = fields.filter(([name]) => name.toLowerCase() === key).map(([, value]) => value);
    return values.length > 0 ? values : [inherited[key] ?? []].flat().map(String);
  };
  assertTrueOfContent((name) => valuesOf(name).length > 0);
  const type = valuesOf('content-type').at(-1);
  const cacheControl = valuesOf('cache-control').join(', ');
  return [
    ...withoutFields(fields, ['content-type', 'cache-control']),
    ...(asksToClose ? ([['Connection', 'close']] as FieldPairs) : []),
    ['Content-Type', inContentType(type)],
    // A failure ends well, as far as HTTP knows: no cache may keep it.
    ['Cache-Control', withMember(cacheControl, 'no-store')],
    ['Vary', 'Accept'],
  ];
}
