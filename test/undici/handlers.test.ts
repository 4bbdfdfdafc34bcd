/**
 * A handler of somebody's own, of either kind, straight on a dispatcher: what undici refuses it refuses with the interceptor
 * too, and what undici tells the handler it is told.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import type { ControllerHandler, Dispatch, FieldRecord, Handler } from '../../src/undici/dispatcher-api.ts';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { begin, serve } from '../support/servers.ts';
import { agentOf, COPIES, type Copy } from './clients.ts';

const LEGACY = ['onConnect', 'onHeaders', 'onData', 'onComplete', 'onError', 'onBodySent'] as const;
const WITH_CONTROLLER = [
  ...(['onRequestStart', 'onResponseStart', 'onResponseData', 'onResponseEnd', 'onResponseError'] as const),
  ...(['onBodySent', 'onRequestSent'] as const),
];

/** The kinds that a copy takes, each with its methods. */
function kindsOf({ major }: Copy): (readonly string[])[] {
  return [...(major < 8 ? [LEGACY] : []), ...(major > 6 ? [WITH_CONTROLLER] : [])];
}

async function sinkUrl(): Promise<URL> {
  const { port } = await serve((req, res) => {
    req.resume().on('end', () => begin(['data'], respond(res)));
  });
  return new URL(`http://127.0.0.1:${port}/`);
}

interface Heard {
  /** What was called, in order. */
  calls: string[];
  /** What `dispatch` threw, or the handler was told. */
  error: string | undefined;
}

/** A handler with these methods, that hears what it is told. */
function hearing(methods: readonly string[]): { handler: Record<string, unknown>; heard: Heard; over: Promise<void> } {
  const heard: Heard = { calls: [], error: undefined };
  let settle!: () => void;
  const over = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const handler = Object.fromEntries(
    methods.map((name) => [
      name,
      (...args: unknown[]) => {
        if (heard.calls.at(-1) !== name) heard.calls.push(name);
        const error = args.find((one) => one instanceof Error);
        if (error !== undefined) heard.error = String(error);
        if (error !== undefined || /Complete|End/.test(name)) settle();
      },
    ]),
  );
  return { handler, heard, over };
}

async function dispatching(
  dispatch: Dispatch,
  url: URL,
  { handler, heard, over }: ReturnType<typeof hearing>,
  body?: unknown,
): Promise<Heard> {
  try {
    const method = body === undefined ? 'GET' : 'POST';
    dispatch({ origin: url.origin, path: '/', method, body } as never, handler as Handler);
  } catch (error) {
    heard.error = String(error);
    return heard;
  }
  await over;
  return heard;
}

describe.each(COPIES)('$name', (copy) => {
  /** With the interceptor around it, and without: `compose` of undici 7 would put a handler of its own in between. */
  const both = () => {
    const agent = agentOf(copy);
    const bare = agent.dispatch.bind(agent) as Dispatch;
    return { bare, verified: verifyInterceptor()(bare) };
  };

  describe.each(kindsOf(copy).map((methods) => ({ methods, first: methods[0] })))(
    'a handler with $first and its kin',
    ({ methods }) => {
      test.each(methods)('%s that is no function: what undici makes of it', async (name) => {
        const { bare, verified } = both();
        const url = await sinkUrl();
        const [without, within] = [hearing(methods), hearing(methods)];
        without.handler[name] = 1;
        within.handler[name] = 1;
        const isRefused = (heard: Heard) => heard.error;
        expect(isRefused(await dispatching(verified, url, within))).toBe(
          isRefused(await dispatching(bare, url, without)),
        );
      });

      const isChecked = methods === LEGACY || copy.major === 8; // undici 7 takes a handler with a controller as it is
      const required = methods.filter((name) => !/Sent|onResponseStart|onResponseData/.test(name));
      test.each(isChecked ? required : [])('without %s: undici refuses it', async (name) => {
        const { bare, verified } = both();
        const url = await sinkUrl();
        const without = await dispatching(bare, url, hearing(methods.filter((one) => one !== name)));
        expect(without.error).toContain('InvalidArgumentError');
        expect(await dispatching(verified, url, hearing(methods.filter((one) => one !== name)))).toEqual(without);
      });

      test.each([
        ['a string', () => 'content'],
        ['a stream', () => Readable.from(['con', 'tent'])],
      ])('with %s as the body of its request, it is told the same', async (_, body) => {
        const { bare, verified } = both();
        const url = await sinkUrl();
        const without = await dispatching(bare, url, hearing(methods), body());
        expect(without.error).toBeUndefined();
        expect(await dispatching(verified, url, hearing(methods), body())).toEqual(without);
      });
    },
  );

  test.each(copy.major === 6 ? [] : ['rawHeaders'])('a dispatcher whose %s are read-only', async () => {
    const { bare } = both();
    const sealing: Dispatch = (options, handler) => {
      const given = handler as Required<ControllerHandler>;
      const onResponseStart: typeof given.onResponseStart = (controller, ...head) => {
        Object.defineProperty(controller, 'rawHeaders', { value: controller.rawHeaders, writable: false });
        given.onResponseStart(controller, ...head);
      };
      const handing = new Proxy(given, {
        get: (_, name: keyof ControllerHandler) =>
          name === 'onResponseStart' ? onResponseStart : given[name].bind(given),
      });
      return bare(options, handing);
    };
    const { handler, heard, over } = hearing(WITH_CONTROLLER);
    let headers: FieldRecord = {};
    handler.onResponseStart = (_: unknown, __: number, given: FieldRecord) => {
      headers = given;
    };
    const { origin } = await sinkUrl();
    verifyInterceptor()(sealing)({ origin, path: '/', method: 'GET' }, handler as Handler);
    await over;
    expect(heard.error).toBeUndefined();
    expect((await verdictOf({ headers })).kind).toBe('complete');
  });
});
