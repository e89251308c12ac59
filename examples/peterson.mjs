// A scenario of one's own: Peterson's lock for two vCPUs. It is right where every store is there at once,
// and wrong on x86, where a store may still wait in its buffer while a later load goes ahead.
//
//   npx pvrace verify --scenario examples/peterson.mjs --model sc     holds in every interleaving
//   npx pvrace verify --scenario examples/peterson.mjs                x86: both are in, and how
//   npx pvrace stress --scenario examples/peterson.mjs                the same on the processor in front of you
//   npx pvrace verify --scenario examples/peterson-fenced.mjs         repaired with mb()
import { defineScenario } from 'pvrace';

// Guest RAM that this scenario uses, a cache line each.
const wants = (vcpu) => 0x10000 + vcpu * 64;
const TURN = 0x10080;
const COUNTER = 0x100c0;

/** Ledger: how many are in the critical section, as the checker counts them. */
const INSIDE = 0;

/** @param fence what goes between saying that one wants the lock and looking whether the other does */
export function peterson(name, fence) {
  return defineScenario({
    name,
    summary: "Two vCPUs take Peterson's lock in turn.",
    vcpus: 2,
    ledgerBytes: 64,
    invariants: ['X1'],
    outcomes: [
      { outcome: 'alone', expect: 'ACCEPTABLE', description: 'The vCPU was alone in its section.' },
    ],
    controlled: { clockSteps: 0 },
    threads: [0, 1].map((vcpu) => ({
      name: `vcpu${vcpu}`,
      vcpu,
      start({ cpu, ledger, outcome, violated }) {
        const other = 1 - vcpu;
        return {
          step() {
            cpu.store32(wants(vcpu), 1);
            cpu.store32(TURN, other);
            fence(cpu);
            while (cpu.load32(wants(other)) === 1 && cpu.load32(TURN) === other) cpu.relax();
            if (ledger.add32(INSIDE, 1) !== 0) {
              violated('X1', `vCPU ${vcpu} is in, and vCPU ${other} has not left.`);
            }
            cpu.store32(COUNTER, cpu.load32(COUNTER) + 1);
            ledger.add32(INSIDE, -1);
            outcome(0);
            cpu.store32(wants(vcpu), 0);
          },
        };
      },
    })),
  });
}

export default peterson('peterson', () => {});
