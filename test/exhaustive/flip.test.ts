/**
 * Flip everywhere, in process: every single bit of head, framing, content and trailers; then one wrong octet of any
 * value, and two wrong bits. `without digest` is not among them: nothing vouches for the octets of its content.
 */
import { byteByByte } from '../support/octets.ts';
import { ALL_VALUES, flips, flipsOfTwo, replacements } from './changes.ts';
import { damageTest } from './damage.ts';
import { everyNth } from './form.ts';
import { BREATH, breathe, receiveOctets } from './in-process.ts';
import { RESPONSES, SMALL, TINY } from './responses.ts';
import { countedTest } from './tally.ts';

damageTest('every single bit', 'flip a bit', RESPONSES, ({ octets }) => flips(octets));

damageTest('every octet, each other value', 'a wrong octet', SMALL, ({ octets }) => replacements(octets, ALL_VALUES), {
  short: 127,
  long: 3,
});

// One octet of content and one of the digest that vouches for it, among others.
damageTest(
  'RFC 9530 §2: two bits, one of them in the chunk',
  'flip two bits',
  [TINY],
  ({ octets, headBytes }) => flipsOfTwo(octets, headBytes, headBytes + 10),
  { short: 11 },
);

countedTest('require always: every single bit, octet by octet', 'flip a bit, octet by octet', async (tally) => {
  for (const { name, octets, contents } of SMALL) {
    for (const { octets: flipped, what } of everyNth(flips(octets), 5)) {
      const outcome = receiveOctets(byteByByte(flipped), 'always');
      tally.add(outcome, { contents, require: 'always' }, () => `${name}: ${what}`);
      if (tally.count.cases % BREATH === 0) await breathe();
    }
  }
});
