/**
 * Strategy: any sequence of writes, refused writes, cork(), uncork(), rounds of the event loop, completions, ends,
 * destroys and errors of the sink. Invariant: nobody can tell the stream from a corked Writable; without destroys and
 * errors, nor from a plain one but by when it sends.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_COPIED_BYTES } from '../../../../src/node/send/outgoing-content.ts';
import { Gathering, HIGH, Plain, turn } from './streams.ts';
import { compare, essence, run, type Script, type Subject } from './subjects.ts';

describe('property: any sequence of operations', () => {
  const SIZES = [1, 2, 24, 25, 100, 2030, 2031, MAX_COPIED_BYTES, MAX_COPIED_BYTES + 1, HIGH - 1, HIGH, HIGH + 1];
  const data = fc.oneof(
    fc.constantFrom(...SIZES).map((size) => ['data', size] as const),
    fc
      .constantFrom('', 'a', 'é€', '😀', '\ud800', 'plain text that is a little longer')
      .map((text) => ['text', text] as const),
  );
  const always = (name: 'cork' | 'uncork' | 'turn' | 'complete') => fc.constant([name] as const);
  const harmless = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.tuple(fc.constant('write' as const), data, fc.constantFrom(undefined, 'utf8', 'latin1', 'ucs2')),
    },
    { weight: 1, arbitrary: always('cork') },
    { weight: 2, arbitrary: always('uncork') },
    { weight: 5, arbitrary: always('turn') },
    { weight: 5, arbitrary: always('complete') },
    { weight: 1, arbitrary: fc.tuple(fc.constant('refused' as const), fc.constantFrom(null, undefined, 5, {})) },
  );
  const last = fc.constantFrom(
    ...([['end'], ['end with data'], ['end'], ['destroy'], ['destroy', 'why'], ['sink error']] as const),
  );
  type Step = readonly [string, ...unknown[]];
  const steps: fc.Arbitrary<Step[]> = fc
    .tuple(fc.array(harmless, { maxLength: 25 }), last, fc.array(fc.oneof(harmless, last), { maxLength: 5 }))
    .map(([before, end, after]) => [...before, end, ...after] as unknown as Step[]);

  /**
   * Not compared: a callback of end() after destroy(), which Node tells only where something was waiting; and cork()
   * after end(), by which Node may be kept from ever finishing.
   */
  async function take(s: Subject, step: Step, name: string): Promise<void> {
    const [action, value, encoding] = step;
    const chunk = () => {
      const [kind, what] = value as readonly ['data', number] | readonly ['text', string];
      return kind === 'data' ? Buffer.alloc(what, name) : what;
    };
    if (action === 'write') s.write(chunk(), encoding, s.on(name));
    if (action === 'refused') s.write(value, s.on(name));
    if (action === 'cork' && !s.stream.writableEnded) s.stream.cork();
    if (action === 'uncork') s.stream.uncork();
    if (action === 'turn') await turn();
    if (action === 'complete') s.sink.complete();
    if (action === 'end') s.end(...(s.stream.destroyed ? [] : [s.on(name)]));
    if (action === 'end with data') s.end('the end', ...(s.stream.destroyed ? [] : [s.on(name)]));
    if (action === 'destroy') s.stream.destroy(value === undefined ? undefined : new Error(String(value)));
    if (action === 'sink error') s.sink.complete(new Error('broken'));
  }

  const scriptOf =
    (all: Step[]): Script =>
    async (s) => {
      for (const [at, step] of all.entries()) {
        await take(s, step, String(at));
        if (!s.stream.destroyed) s.noteState();
      }
      for (let at = 0; at < 5; at++) s.stream.uncork();
    };

  test('the log is that of a corked Writable, the content as well', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        await compare(scriptOf(all), false);
      }),
      { numRuns: 300 },
    );
  });

  test('without destroy and errors: content, callbacks and final events are those of a plain Writable', async () => {
    const isHarmless = ([action]: Step) => action !== 'destroy' && action !== 'sink error';
    const isWrong = (seen: { hasEnded: boolean }, [action]: Step) => {
      const isRefused = seen.hasEnded && /write|end/.test(action);
      if (/^end/.test(action)) seen.hasEnded = true;
      return isRefused; // destroys it
    };
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const seen = { hasEnded: false };
        const script = scriptOf(
          [...all.filter(isHarmless), ['end']].filter((step) => !isWrong(seen, step as Step)) as Step[],
        );
        const [gathering, plain] = [await run(new Gathering(), script), await run(new Plain(), script)];
        expect(essence(gathering.log)).toEqual(essence(plain.log));
        expect(gathering.content === plain.content).toBe(true);
        expect(gathering.log).toContain('close');
      }),
      { numRuns: 200 },
    );
  });
});
