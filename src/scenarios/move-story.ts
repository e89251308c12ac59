import type { MachineSpec, MoveAction } from '../host/machine.ts';

/** Guest time when the VM is created, ns: more than what the hosts' CLOCK_REALTIMEs are apart. */
const GUEST_TIME = 10_000_000n;

/** A machine small enough to explore: its vCPU does this around a migration, and no more. */
export function moveStory(...moveActions: readonly MoveAction[]): Partial<MachineSpec> {
  return {
    haltPolls: 0,
    rawClockBoot: GUEST_TIME,
    vectors: [0x31],
    pageActions: ['task'],
    moveActions,
  };
}
