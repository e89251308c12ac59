import { KICK_STOP } from '../../cpu/thread-host-cpu.ts';
import { vmBytes } from '../../host/kvm.ts';
import type { MachineMap } from '../../host/machine.ts';
import { VCPU } from '../../host/records.ts';
import type { SharedMemory } from '../../memory/shared-memory.ts';
import { storeControl, wakeAll } from '../../memory/wait.ts';
import type { ControlMap } from './control.ts';

/**
 * Ends a run for all its threads: loops see the stop word, guests see their kick word at the next
 * step, sleepers are woken.
 */
export function stopEverybody(
  memory: SharedMemory,
  control: ControlMap,
  map: MachineMap,
  vcpus: number,
): void {
  storeControl(memory, control.stop, 1);
  for (const word of [control.stop, control.phase]) wakeAll(memory, word);
  for (let id = 0; id < vcpus; id++) {
    const kick = map.vm + vmBytes(id) + VCPU.kick;
    memory.lockOr32(kick, KICK_STOP);
    wakeAll(memory, kick);
  }
}
