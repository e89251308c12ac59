import { MSR_KVM_PV_EOI_EN } from '../abi/msr.ts';
import type { MachineSpec } from '../host/machine.ts';
import { mapMachine, memslotsOf } from '../host/machine.ts';
import { type Memslot, Memslots } from '../memory/memslots.ts';
import { pvEoiWord, SCRATCH } from './guest-map.ts';
import { handlerBegins, handlerSignals, WATCH_BYTES, watchPvEoi } from './pv-eoi-watch.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

const PAGE_BYTES = 4096;
/** The page of the PV EOI word. */
const PAGE = pvEoiWord(0);

/** Guest: what it asks of the VMM, and what it is told. */
const WISH = SCRATCH;
const TAKE = 1;
const TAKEN = 2;
const GIVE = 3;
const GIVEN = 0;

const VECTOR = 0x31;

/** A guest gives the memory of its PV EOI word back to the VMM, and gets it again. */
export const pvEoiUnplug: Scenario = {
  name: 'pv-eoi-unplug',
  summary:
    'A guest has the VMM take the memory of its PV EOI word away, once PV EOI is off; a trigger is to do so before.',
  mechanism: 'pv-eoi',
  roles: ['signalEoi'],
  invariants: ['E4', 'E1', 'E2', 'E3', 'E5', 'E7', 'E8'],
  outcomes: [
    {
      outcome: 'unplugged',
      expect: 'ACCEPTABLE',
      description: 'The interrupt was over, and the memory went and came back.',
    },
  ],
  vcpus: { default: 1, least: 1, most: 1 },
  machine: {},
  ledgerBytes: WATCH_BYTES,
  controlled: { clockSteps: 0 },
  instrument: watchPvEoi,
  threads: () => [
    { name: 'vcpu0', vcpu: 0, start: unplugAndPlug },
    { name: 'vmm', start: serveWishes },
  ],
};

function unplugAndPlug(thread: VcpuThread): Program {
  const { cpu, kvm, vcpu, roles, machine, random, outcome } = thread;
  const word = pvEoiWord(cpu.id);
  const wish = (what: number, answer: number): void => {
    // What the guest has done so far: pairs with the barrier in serve.
    cpu.wmb();
    cpu.store32(WISH, what);
    while (cpu.load32(WISH) !== answer) cpu.relax();
    // The memslots are changed: pairs with the barrier before the answer.
    cpu.rmb();
  };
  const unplug = (when: MachineSpec['pvEoiUnplug']): boolean => {
    const now = machine.pvEoiUnplug === when;
    if (now) wish(TAKE, TAKEN);
    return now;
  };
  cpu.onInterrupt(VECTOR, () => {
    handlerBegins(thread, cpu.id);
    // The timer of the host ticks, or not.
    if (unplug('before the EOI') || random.below(2) === 0) cpu.exit();
    handlerSignals(thread, cpu.id, () => roles.signalEoi(cpu, { word }));
    unplug('after the EOI');
  });
  cpu.sti();
  return {
    step() {
      cpu.store32(word, 0);
      cpu.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(word) | 1n);
      kvm.ops.acceptInterrupt(kvm, vcpu, VECTOR);
      cpu.exit();
      cpu.wrmsr(MSR_KVM_PV_EOI_EN, 0n);
      unplug('when it is off');
      wish(GIVE, GIVEN);
      outcome(0);
    },
  };
}

function serveWishes({ kvm, machine }: HostThread): Program {
  const slots = new Memslots(kvm.memory, mapMachine(machine).memslotTable);
  const wish = kvm.cpu.translate(WISH, 4);
  const serve = (what: number, now: readonly Memslot[], answer: number): void => {
    while (kvm.memory.load32(wish) !== what) kvm.cpu.relax();
    // Pairs with the guest's barrier before its wish.
    kvm.memory.rmb();
    slots.replace(now);
    // Pairs with the guest's barrier after the answer.
    kvm.memory.wmb();
    kvm.memory.store32(wish, answer);
  };
  return {
    step() {
      serve(TAKE, memslotsOf(machine).flatMap(withoutPage), TAKEN);
      serve(GIVE, memslotsOf(machine), GIVEN);
    },
  };
}

/** What is left of a slot without the page. */
function withoutPage({ gpa, bytes, address }: Memslot): Memslot[] {
  if (PAGE < gpa || PAGE >= gpa + bytes) return [{ gpa, bytes, address }];
  const before = PAGE - gpa;
  const after = before + PAGE_BYTES;
  return [
    { gpa, bytes: before, address },
    { gpa: gpa + after, bytes: bytes - after, address: address + after },
  ];
}
