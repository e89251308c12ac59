// Properties of one's own: fast-check draws machines and schedules, pvrace follows them. `node
// examples/drawn-schedules.mjs` checks the correct clock; a guest that fails is shown with the smallest
// machine and schedule that break it.
import fc from 'fast-check';
import { machines, replay, schedules } from 'pvrace';

/** Whether a clock holds on any machine, whatever the order of steps. */
export async function clockHolds(guest, settings = {}) {
  const property = fc.asyncProperty(
    machines({ vcpus: 2 }),
    schedules({ threads: 2 }),
    async (machine, moves) => {
      const result = await replay({ scenario: 'pvclock-torn-read', guest, machine, moves });
      if (result.verdict !== 'pass') throw new Error(result.message);
    },
  );
  await fc.assert(property, { numRuns: 30, ...settings });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await clockHolds(new URL('./clock-correct.mjs', import.meta.url));
  console.log('It holds.');
}
