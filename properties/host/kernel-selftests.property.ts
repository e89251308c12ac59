import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { KVM_CLOCK_HOST_TSC, KVM_CLOCK_REALTIME } from '../../src/abi/kvm-clock-data.ts';
import { MSR_KVM_SYSTEM_TIME_NEW } from '../../src/abi/msr.ts';
import { GeneralProtectionFault } from '../../src/cpu/faults.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import {
  KVM_CAP_ENFORCE_PV_FEATURE_CPUID,
  KVM_CAP_X86_DISABLE_EXITS,
} from '../../src/host/capabilities.ts';
import { cpuidEntries, KVM_X86_DISABLE_EXITS_HLT } from '../../src/host/cpuid.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { VCPU } from '../../src/host/records.ts';
import { enableVcpuCap, enableVmCap, getOneMsr, setOneMsr } from '../../src/host/vmm-ioctls.ts';
import { mutants } from '../../src/zoo/index.ts';
import { makeWorld, type World } from './world.ts';

// The cases of Linux's own selftests (x86/kvm_pv_test.c, x86/kvm_clock_test.c, steal_time.c), by number.

const BASE = 0x4000_0000;
const GATED = [
  0x12, 0x4b564d01, 0x11, 0x4b564d00, 0x4b564d02, 0x4b564d03, 0x4b564d04, 0x4b564d05, 0x4b564d06,
  0x4b564d07,
];
const ENOSYS = -1000n;

const twin = (id: string): Partial<HostOps> => mutants.find((mutant) => mutant.id === id)!.host!;

/** A vCPU whose feature leaf is cleared, and that is held to it. */
function withoutFeatures(host: Partial<HostOps> = {}): World {
  const world = makeWorld({ features: 0 }, host);
  const { kvm } = world;
  enableVcpuCap(kvm, kvm.vcpu(0), { cap: KVM_CAP_ENFORCE_PV_FEATURE_CPUID, arg: 1n });
  world.cpus[0]!.start();
  return world;
}

function faults(access: () => unknown): boolean {
  try {
    access();
    return false;
  } catch (error) {
    if (error instanceof GeneralProtectionFault) return true;
    throw error;
  }
}

const allFault = ({ cpus: [cpu] }: World): boolean =>
  GATED.every((index) => faults(() => cpu!.rdmsr(index)) && faults(() => cpu!.wrmsr(index, 0n)));

test('KS-1 with the feature leaf cleared and enforced, every access of every MSR faults', (t) => {
  t.true(allFault(withoutFeatures()));
  t.false(allFault(withoutFeatures({ guestPvHas: () => true })), 'seen: enforcement is forgotten');
});

const allAbsent = ({ cpus: [cpu] }: World): boolean =>
  [5, 10, 11].every((nr) => cpu!.vmcall(nr) === ENOSYS);

test('KS-2 hypercalls 5, 10 and 11 do not exist for that vCPU', (t) => {
  t.true(allAbsent(withoutFeatures()));
  t.false(allAbsent(withoutFeatures({ guestPvHas: () => true })), 'seen: enforcement is forgotten');
});

const PV_UNHALT = 1 << 7;

test('KS-3 PV_UNHALT goes from CPUID where HLT does not exit, wherever the signature comes from', (t) => {
  const { kvm } = makeWorld();
  const vcpu = kvm.vcpu(0);
  const good = cpuidEntries(BASE, PV_UNHALT, 0);
  const bad = good.map((entry) => (entry.function === BASE ? { ...entry, ebx: 0 } : entry));
  const seen = (): number => kvm.ops.cpuid(kvm, vcpu, BASE + 1).eax & PV_UNHALT;
  kvm.ops.setCpuid(kvm, vcpu, good);
  t.is(seen(), PV_UNHALT);
  kvm.ops.setCpuid(kvm, vcpu, bad);
  t.is(
    enableVmCap(kvm, {
      cap: KVM_CAP_X86_DISABLE_EXITS,
      arg: BigInt(KVM_X86_DISABLE_EXITS_HLT),
    }),
    0,
  );
  t.is(seen(), PV_UNHALT, 'without its signature the leaf is none of KVM');
  kvm.ops.setCpuid(kvm, vcpu, good);
  t.is(seen(), 0);
});

const AREA = 0x3000;
const CLOCK_AT = { area: AREA, lastValue: 0x4000, validFlags: 1 };
const SECOND = 1_000_000_000n;

/** SET_CLOCK, GET, a guest that reads, GET: whether the reading lies in between and the flags are there. */
function clockTest(
  host: Partial<HostOps>,
  base: bigint,
  realtimeOffset: bigint | undefined,
): boolean {
  const world = makeWorld({ vcpus: 1 }, host);
  const { kvm, cpus } = world;
  const [cpu] = cpus;
  cpu!.start();
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  cpu!.finish();
  const now = kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
  const flags = realtimeOffset === undefined ? 0 : KVM_CLOCK_REALTIME;
  kvm.ops.setClock(kvm, { clock: base, flags, realtime: now + (realtimeOffset ?? 0n) });
  const start = kvm.ops.getClock(kvm);
  world.pass(10_000n);
  cpu!.start();
  const read = referenceGuest.readClock(cpu!, CLOCK_AT);
  world.pass(10_000n);
  cpu!.finish();
  const end = kvm.ops.getClock(kvm);
  const both = KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
  const flagged = (start.flags & end.flags & both) === both;
  // Only ever forward: a realtime that is ahead of the host's adds nothing.
  const passed = realtimeOffset !== undefined && realtimeOffset < 0n ? -realtimeOffset : 0n;
  const near = start.clock >= base + passed && start.clock < base + passed + SECOND;
  return flagged && near && start.clock <= read && read <= end.clock;
}

const CLOCK_CASES: readonly (readonly [bigint, bigint | undefined])[] = [
  [0n, undefined],
  [180n * SECOND, undefined],
  [0n, -180n * SECOND],
  [0n, 180n * SECOND],
];

test('KS-4 what the guest reads lies between two KVM_GET_CLOCK, whatever KVM_SET_CLOCK said', (t) => {
  for (const [base, offset] of CLOCK_CASES)
    t.true(clockTest({}, base, offset), `${base} ${offset}`);
  t.false(
    CLOCK_CASES.every(([base, offset]) => clockTest(twin('Z-C7'), base, offset)),
    'seen: Z-C7, which also subtracts',
  );
});

const STEAL_MSR = 0x4b564d03;
const STEAL = 0x8000;
const ON = BigInt(STEAL) | 1n;

test('KS-5 KVM_SET_MSRS refuses reserved bits of STEAL_TIME', (t) => {
  const { kvm } = makeWorld();
  t.false(setOneMsr(kvm, kvm.vcpu(0), STEAL_MSR, BigInt(STEAL) | 0x3en));
  const careless = { writeStealTimeMsr: () => 0 } as unknown as Partial<HostOps>;
  const broken = makeWorld({}, careless);
  t.true(setOneMsr(broken.kvm, broken.kvm.vcpu(0), STEAL_MSR, BigInt(STEAL) | 0x3en));
});

test('KS-6 the guest reads what the host has set', (t) => {
  const { kvm, cpus } = makeWorld();
  t.true(setOneMsr(kvm, kvm.vcpu(0), STEAL_MSR, ON));
  cpus[0]!.start();
  t.is(cpus[0]!.rdmsr(STEAL_MSR), ON);
  t.is(getOneMsr(kvm, kvm.vcpu(1), STEAL_MSR), 0n, 'of this vCPU alone');
});

/** A guest that looks at its steal area twice while its thread waits `waits` ns before each run. */
function sample(host: Partial<HostOps>, waits: readonly number[]): readonly StealSample[] {
  const { kvm, cpus, memory } = makeWorld({}, host);
  const vcpu = kvm.vcpu(0);
  setOneMsr(kvm, vcpu, STEAL_MSR, ON);
  return waits.map((nanoseconds) => {
    kvm.ops.scheduleIn(kvm, vcpu, nanoseconds);
    cpus[0]!.start();
    const seen = {
      steal: memory.load64(STEAL),
      version: memory.load32(STEAL + 8),
      flags: memory.load32(STEAL + 12),
      preempted: memory.load8(STEAL + 16),
      runDelay: kvm.memory.load64(vcpu + VCPU.runDelay),
    };
    cpus[0]!.finish();
    return seen;
  });
}
interface StealSample {
  readonly steal: bigint;
  readonly version: number;
  readonly flags: number;
  readonly preempted: number;
  readonly runDelay: bigint;
}

const waits = fc.array(fc.nat(1 << 30), { minLength: 2, maxLength: 6 });
const holdsFor = (
  host: Partial<HostOps>,
  holds: (samples: readonly StealSample[]) => boolean,
): boolean => !fc.check(fc.property(waits, (delays) => holds(sample(host, delays)))).failed;

const quiet = (samples: readonly StealSample[]): boolean =>
  samples.every(
    ({ version, flags, preempted }) => version % 2 === 0 && flags === 0 && preempted === 0,
  );
test('KS-7 in the guest the version is even, and flags and preempted are 0', (t) => {
  t.true(holdsFor({}, quiet));
  const unfinished: Partial<HostOps> = {
    updateSteal(kvm, vcpu, area) {
      referenceHost.updateSteal(kvm, vcpu, area);
      kvm.memory.store32(area + 8, kvm.memory.load32(area + 8) + 1);
    },
  };
  t.false(holdsFor(unfinished, quiet), 'seen: an odd version is left');
});

const double: Partial<HostOps> = {
  accumulateSteal: (kvm, vcpu, area) => referenceHost.accumulateSteal(kvm, vcpu, area) * 2n + 1n,
};
const notMore = (samples: readonly StealSample[]): boolean =>
  samples.every(({ steal, runDelay }) => steal <= runDelay);
test('KS-8 steal is never more than what the thread has waited', (t) => {
  t.true(holdsFor({}, notMore));
  t.false(holdsFor(double, notMore), 'seen: time is counted twice');
});

const grows = (samples: readonly StealSample[]): boolean =>
  samples.every(({ version }, place) => place === 0 || version > samples[place - 1]!.version);
test('KS-9 the version grows from run to run', (t) => {
  t.true(holdsFor({}, grows));
  t.false(holdsFor({ updateSteal() {} }, grows), 'seen: nothing is published');
});

const allOfIt = (samples: readonly StealSample[]): boolean =>
  samples.every(
    ({ steal, runDelay }, place) =>
      place === 0 || steal - samples[place - 1]!.steal >= runDelay - samples[place - 1]!.runDelay,
  );
test('KS-10 what the thread waited is all stolen', (t) => {
  t.true(holdsFor({}, allOfIt));
  const half: Partial<HostOps> = {
    scheduleIn: (kvm, vcpu, waited) => {
      referenceHost.scheduleIn(kvm, vcpu, waited);
      const last = kvm.memory.load64(vcpu + VCPU.lastSteal);
      kvm.memory.store64(vcpu + VCPU.lastSteal, last + BigInt(waited) / 2n + 1n);
    },
  };
  t.false(holdsFor(half, allOfIt), 'seen: half of it is forgotten');
});
