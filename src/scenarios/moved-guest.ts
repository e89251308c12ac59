import { KVM_HC_SEND_IPI } from '../abi/hypercall.ts';
import { KVM_MIGRATION_READY, MSR_KVM_MIGRATION_CONTROL, MSR_KVM_PV_EOI_EN } from '../abi/msr.ts';
import { PVCLOCK_FLAGS, PVCLOCK_GUEST_STOPPED } from '../abi/pvclock-vcpu-time-info.ts';
import type { MachineSpec, MoveAction } from '../host/machine.ts';
import { PageFaultWatch } from './async-page-fault-watch.ts';
import { ClockFloor } from './clock-floor.ts';
import { ClockReader } from './clock-reader.ts';
import { clockAddresses, publicationsOf, registerClock } from './clock-support.ts';
import { Converter } from './conversions.ts';
import { pvEoiWord } from './guest-map.ts';
import { MOVES, WITHHELD } from './migration-watch.ts';
import { moveOnOwnThread, standBy } from './move-on-own-thread.ts';
import {
  CONVERSIONS,
  FLOOR,
  MIGRATION,
  PAGE_FAULTS,
  PUBLICATIONS,
  STOPPED,
  USED_PAGE,
  WORKERS,
} from './moved-ledger.ts';
import { stepDone } from './page-fault-worker.ts';
import { pageUser } from './page-user.ts';
import { handlerBegins, handlerSignals } from './pv-eoi-watch.ts';
import type { Choices, Program, VcpuThread } from './scenario.ts';
import { registerSteal } from './steal-support.ts';
import { withinRounding } from './true-time.ts';

/** Looks at something else while the guest withholds its leave, at most. */
const MOST_LOOKS = 64;

/** Whether a guest does this around a migration: one whose actions are drawn does everything. */
export function doesWhenMoved({ moveActions }: MachineSpec, action: MoveAction): boolean {
  return moveActions.length === 0 || moveActions.includes(action);
}

/** A vCPU of a guest that is moved: it uses what it has, and looks whether that is as it was. */
export function movedGuest(thread: VcpuThread): Program {
  const { cpu, ledger, machine, random } = thread;
  const take = actionsOf(thread);
  const drawn: MoveAction[] = [];
  let running = false;
  return {
    step() {
      // Here and not at the start, where the peers may not be there yet.
      if (!running) begin(thread);
      running = true;
      const { moveActions } = machine;
      const actions = moveActions.length > 0 ? moveActions : draw(random, cpu.id, drawn);
      for (const action of actions) take[action]();
      stepDone(ledger, WORKERS);
    },
  };
}

/** The clock always, and now and then something else. */
function draw(random: Choices, vcpu: number, actions: MoveAction[]): readonly MoveAction[] {
  actions.length = 0;
  actions.push('stop', 'clock');
  const what = random.below(64);
  if (what < 4) actions.push('interrupt');
  else if (what < 8) actions.push('convert');
  else if (what < 16 && vcpu === 0) actions.push('withhold');
  else if (what === 16) actions.push('page');
  return actions;
}

/** Interrupts on; an encrypted guest says that it is ready. */
function begin({ cpu }: VcpuThread): void {
  cpu.sti();
  if (cpu.id === 0) cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, KVM_MIGRATION_READY);
}

/** Sets up what the vCPU needs for its actions, and no more. */
function actionsOf(thread: VcpuThread): Record<MoveAction, () => void> {
  const { cpu, machine, random } = thread;
  const { vectors, vcpus } = machine;
  if (doesWhenMoved(machine, 'clock') || doesWhenMoved(machine, 'stop')) registerClock(thread);
  if (machine.moveActions.length === 0) registerSteal(thread);
  const takesInterrupts = doesWhenMoved(machine, 'interrupt');
  const endInterrupt = takesInterrupts ? takeInterrupts(thread) : () => cpu.apicEoi();
  const converter = new Converter(thread, CONVERSIONS);
  return {
    clock: clockComparison(thread),
    stop: stopLook(thread),
    interrupt() {
      const vector = BigInt(vectors[random.below(vectors.length)]!);
      cpu.vmcall(KVM_HC_SEND_IPI, 1n << BigInt(random.below(vcpus)), 0n, 0n, vector);
    },
    convert: () => converter.convert(),
    page: doesWhenMoved(machine, 'page') ? pageUse(thread, endInterrupt) : () => {},
    withhold: () => withhold(thread),
    'be moved': standBy(thread),
    move: machine.moveActions.includes('move') ? moveOnOwnThread(thread) : () => {},
  };
}

/** The guest withdraws its leave for a while. */
function withhold({ cpu, ledger, random }: VcpuThread): void {
  cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, 0n);
  ledger.store32(MIGRATION + WITHHELD, 1);
  for (let looks = random.pace(MOST_LOOKS); looks > 0; looks--) cpu.load32(pvEoiWord(cpu.id));
  ledger.store32(MIGRATION + WITHHELD, 0);
  cpu.wrmsr(MSR_KVM_MIGRATION_CONTROL, KVM_MIGRATION_READY);
}

/** How the handlers of this vCPU end their interrupts. */
function takeInterrupts(thread: VcpuThread): () => void {
  const { cpu, roles, machine } = thread;
  const word = pvEoiWord(cpu.id);
  const endInterrupt = (): void => {
    handlerBegins(thread, cpu.id);
    handlerSignals(thread, cpu.id, () => roles.signalEoi(cpu, { word }));
  };
  for (const vector of machine.vectors) {
    cpu.onInterrupt(vector, endInterrupt);
  }
  cpu.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(word) | 1n);
  return endInterrupt;
}

function pageUse(thread: VcpuThread, endInterrupt: () => void): () => void {
  const use = pageUser(thread, new PageFaultWatch(thread, PAGE_FAULTS), WORKERS, endInterrupt);
  return () => thread.outcome(USED_PAGE + use());
}

/** P3, P4, P5: one judged read at a time. */
function clockComparison(thread: VcpuThread): () => void {
  const { cpu, machine, violated } = thread;
  const floor = new ClockFloor(thread, FLOOR);
  const reader = new ClockReader(
    thread,
    publicationsOf(thread, cpu.id, PUBLICATIONS),
    clockAddresses(cpu.id),
    'P5',
    withinRounding(machine, cpu.id),
  );
  let last = 0n;
  return () => {
    floor.before();
    const value = reader.read();
    if (value < last) {
      violated(
        'P3',
        `${value} ns was returned on vCPU ${cpu.id} after ${last} ns: ${last - value} ns back.`,
      );
    }
    last = value;
    floor.after(value);
  };
}

/** P8: what a vCPU looks for again and again, as a watchdog does. */
function stopLook(thread: VcpuThread): () => void {
  const { cpu, kvm, ledger, roles, outcome, violated } = thread;
  const at = clockAddresses(cpu.id);
  const moves = MIGRATION + MOVES;
  const flags = kvm.cpu.translate(at.area, 32) + PVCLOCK_FLAGS;
  let seen = 0;
  return () => {
    const before = ledger.load32(moves);
    if (roles.checkGuestStopped(cpu, at)) {
      // A move since the flag was cleared has set it again: that one is still to be seen.
      const again = (kvm.memory.load8(flags) & PVCLOCK_GUEST_STOPPED) !== 0;
      seen = ledger.load32(moves) - (again ? 1 : 0);
      outcome(STOPPED);
    } else if (before !== seen) {
      violated(
        'P8',
        `vCPU ${cpu.id} has been moved ${before} times, found that ${seen} times, and its GUEST_STOPPED is clear.`,
      );
    }
  };
}
