// One's own test suite around one's own guest, with ava and fast-check. Run it with
// `npx ava examples/clock.test.mjs`; in a project of your own, `pvrace` is a dependency.
import test from 'ava';
import fc from 'fast-check';
import { closePools, stress } from 'pvrace';

const guest = new URL('./clock-correct.mjs', import.meta.url);

test.after.always(() => closePools());

test.serial('my clock survives a host that republishes at full rate', async (t) => {
  const result = await stress({ scenario: 'pvclock-torn-read', guest, seconds: 2 });
  t.is(result.verdict, 'pass', result.message);
});

test.serial('on any machine', async (t) => {
  const machine = fc.record({
    tscKhz: fc.integer({ min: 1_000, max: 8_000_000 }).map((kHz) => [kHz]),
    initialVersion: fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff),
    updateInterval: fc.integer({ min: 0, max: 2_000 }),
  });
  await fc.assert(
    fc.asyncProperty(machine, async (differs) => {
      const result = await stress({
        scenario: 'pvclock-torn-read',
        guest,
        machine: { ...differs, hostTscKhz: differs.tscKhz[0] },
        operations: 20_000,
      });
      return result.verdict === 'pass';
    }),
    { numRuns: 20 },
  );
  t.pass();
});
