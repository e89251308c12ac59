import { pvEoiWord } from '../../scenarios/guest-map.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import { BENCH_SCENARIO } from './bench-scenario.ts';
import type { Workload } from './workload.ts';

const WORD = pvEoiWord(0);
/** Looks between two checks for the end of the run. */
const LOOKS = 256;

const SUMMARY =
  'A host thread offers PV EOI, the guest takes the offer: round trips between two threads.';

const scenario: Scenario = {
  ...BENCH_SCENARIO,
  name: 'bench:pv-eoi-ping-pong',
  summary: SUMMARY,
  roles: ['signalEoi'],
  vcpus: { default: 1, least: 1, most: 1 },
  threads: () => [
    {
      name: 'vcpu0',
      vcpu: 0,
      start({ cpu, roles }) {
        const at = { word: WORD };
        return {
          step() {
            while (cpu.load8(WORD) === 0);
            roles.signalEoi(cpu, at);
          },
        };
      },
    },
    {
      name: 'offerer',
      start({ kvm }) {
        const byte = kvm.cpu.translate(WORD, 1);
        return {
          step() {
            let looks = 0;
            while (kvm.memory.load8(byte) !== 0) if (++looks % LOOKS === 0) kvm.cpu.relax();
            kvm.memory.store8(byte, 1);
          },
        };
      },
    },
  ],
};

/** PV EOI between two threads. */
export const pvEoiPingPong: Workload = {
  name: 'pv-eoi-ping-pong',
  summary: SUMMARY,
  scenario,
  counts: 'vcpu-steps',
  scales: false,
  native: true,
};
