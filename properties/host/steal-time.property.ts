import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { KVM_FEATURE_PV_TLB_FLUSH } from '../../src/abi/cpuid.ts';
import {
  KVM_STEAL_TIME_BYTES,
  KVM_STEAL_TIME_PREEMPTED,
  KVM_STEAL_TIME_STEAL,
  KVM_STEAL_TIME_VERSION,
  KVM_VCPU_FLUSH_TLB,
  KVM_VCPU_PREEMPTED,
} from '../../src/abi/kvm-steal-time.ts';
import { MSR_KVM_STEAL_TIME } from '../../src/abi/msr.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { VCPU } from '../../src/host/records.ts';
import { mutants } from '../../src/zoo/index.ts';
import { recordings, type StealRow } from '../fixtures.ts';
import { initialVersion } from '../machines.ts';
import { makeWorld, type World } from './world.ts';

const AREA = 0x3000;
const ON = BigInt(AREA) | 1n;
const RECORDED_AREA = 0x20000;

const twin = (id: string): Partial<HostOps> => mutants.find((mutant) => mutant.id === id)!.host!;

/** The vCPU's thread has waited for a physical CPU, and gets one. */
function wait({ kvm, cpus }: World, nanoseconds: number): void {
  kvm.ops.scheduleIn(kvm, kvm.vcpu(0), nanoseconds);
  cpus[0]!.exit();
}

function started(
  differs: Parameters<typeof makeWorld>[0] = {},
  host: Partial<HostOps> = {},
): World {
  const world = makeWorld(differs, host);
  world.cpus[0]!.start();
  return world;
}

const steal = ({ memory }: World, area = AREA): bigint =>
  memory.load64(area + KVM_STEAL_TIME_STEAL);
const version = ({ memory }: World, area = AREA): number =>
  memory.load32(area + KVM_STEAL_TIME_VERSION);
const preempted = ({ memory }: World): number => memory.load8(AREA + KVM_STEAL_TIME_PREEMPTED);

/** Version junk, and what the first update makes of it: even + 2, odd + 3, modulo 2^32. */
const FIRST_VERSIONS: readonly (readonly [number, number])[] = [
  [0, 2],
  [1, 4],
  [2, 4],
  [0x7fffffff, 0x80000002],
  [0x80000000, 0x80000002],
  [0xfffffffe, 0],
  [0xffffffff, 2],
];

const wrongFirstVersions = (host: Partial<HostOps>): number[] =>
  FIRST_VERSIONS.filter(([junk, first]) => {
    const world = started({}, host);
    world.memory.store32(AREA + KVM_STEAL_TIME_VERSION, junk);
    world.cpus[0]!.wrmsr(MSR_KVM_STEAL_TIME, ON);
    return version(world) !== first;
  }).map(([junk]) => junk);

test('the first version after junk is two or three higher, and even', (t) => {
  t.deepEqual(wrongFirstVersions({}), []);
  t.deepEqual(wrongFirstVersions(twin('Z-S6')), [1, 0x7fffffff, 0xffffffff]);
});

/** Steps of the recording at which the vCPU ran once more. */
const RUNS = [
  'run1',
  'run2',
  'run3_after_1ms_sleep',
  'preempted_forced_1_run',
  'preempted_forced_3_run',
];

/** Replays a row: junk, then runs of a vCPU whose thread waited as long as the recorded one. */
function wrongSteps(row: StealRow, host: Partial<HostOps>): string[] {
  const world = makeWorld({}, host);
  const { kvm, memory, cpus } = world;
  memory.u8.fill(Number(row.prefill_byte), RECORDED_AREA, RECORDED_AREA + KVM_STEAL_TIME_BYTES);
  memory.store32(RECORDED_AREA + KVM_STEAL_TIME_VERSION, Number(row.prefill_version));
  const access = { index: MSR_KVM_STEAL_TIME, hostInitiated: true };
  kvm.ops.setMsr(kvm, kvm.vcpu(0), access, BigInt(RECORDED_AREA) | 1n);
  return row.steps!.flatMap(({ step, bytes64, steal: recorded }) => {
    if (step !== 'msr_write' && !RUNS.includes(step)) return [];
    const forced = /^preempted_forced_(\d)/.exec(step)?.[1];
    if (forced !== undefined)
      memory.store8(RECORDED_AREA + KVM_STEAL_TIME_PREEMPTED, Number(forced));
    if (step !== 'msr_write') {
      const waited = BigInt.asUintN(64, BigInt(recorded) - steal(world, RECORDED_AREA));
      kvm.ops.scheduleIn(kvm, kvm.vcpu(0), Number(waited));
      cpus[0]!.start();
      cpus[0]!.finish();
    }
    const bytes = memory.u8.slice(RECORDED_AREA, RECORDED_AREA + KVM_STEAL_TIME_BYTES);
    const written = Buffer.from(bytes).toString('hex');
    return written === bytes64 ? [] : [`${step}: ${written} instead of ${bytes64}`];
  });
}

test('what a real KVM wrote over each version and each junk, to the byte', (t) => {
  const rows = recordings.steal.filter(({ kind }) => kind === 'version');
  t.true(rows.length > 40);
  for (const row of rows) t.deepEqual(wrongSteps(row, {}), []);
  t.true(rows.some((row) => wrongSteps(row, twin('Z-S6')).length > 0));
});

test('bits 1 to 5 are reserved: #GP, and the old value stays', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const world = started();
      const [cpu] = world.cpus;
      cpu!.wrmsr(MSR_KVM_STEAL_TIME, ON);
      const accepted = cpu!.wrmsrSafe(MSR_KVM_STEAL_TIME, value);
      const reserved = (value & 0x3en) !== 0n;
      return accepted === !reserved && cpu!.rdmsr(MSR_KVM_STEAL_TIME) === (reserved ? ON : value);
    }),
  );
  t.pass();
});

const action = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), nanoseconds: fc.nat(2 ** 40) }),
  fc.record({
    kind: fc.constant('preempt' as const),
    nanoseconds: fc.integer({ min: 1, max: 2 ** 31 }),
  }),
  fc.record({
    kind: fc.constant('write' as const),
    value: fc.constantFrom(0n, BigInt(AREA), ON, 0x8001n),
  }),
  fc.record({ kind: fc.constant('emulate' as const) }),
);

/** What a run of actions must leave behind, by the prose of the interface. */
interface Model {
  enabled: boolean;
  steal: bigint;
  version: number;
  pending: bigint;
}

function record(model: Model): void {
  if (!model.enabled) return;
  model.steal = BigInt.asUintN(64, model.steal + model.pending);
  model.pending = 0n;
  model.version = (model.version + 2 + (model.version & 1)) >>> 0;
}

function wrongAfter(
  actions: readonly (typeof action extends fc.Arbitrary<infer Action> ? Action : never)[],
  junk: bigint,
  host: Partial<HostOps>,
): boolean {
  const world = started({ ramBytes: 0x8000 }, host);
  const [cpu] = world.cpus;
  world.memory.store64(AREA + KVM_STEAL_TIME_STEAL, junk);
  const model: Model = { enabled: false, steal: junk, version: 0, pending: 0n };
  return actions.some((one) => {
    if (one.kind === 'wait') {
      wait(world, one.nanoseconds);
      model.pending += BigInt(one.nanoseconds);
      record(model);
    } else if (one.kind === 'preempt') {
      world.kvm.ops.preemptVcpu(world.kvm, world.kvm.vcpu(0), one.nanoseconds);
      cpu!.exit();
      model.pending += BigInt(one.nanoseconds);
      record(model);
    } else if (one.kind === 'write') {
      cpu!.wrmsr(MSR_KVM_STEAL_TIME, one.value);
      model.enabled = one.value === ON;
      record(model);
    } else {
      cpu!.cpuid(0);
    }
    return (
      steal(world) !== model.steal || version(world) !== model.version || preempted(world) !== 0
    );
  });
}

test('steal is what the area held plus every wait while it was enabled, and a wait is counted once', (t) => {
  const actions = fc.array(action, { maxLength: 30 });
  const junk = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(fc.property(actions, junk, (some, held) => !wrongAfter(some, held, {})));
  const forgetful: Partial<HostOps> = {
    accumulateSteal(kvm, vcpu, area) {
      kvm.memory.store64(vcpu + VCPU.lastSteal, 0n);
      return referenceHost.accumulateSteal(kvm, vcpu, area);
    },
  };
  for (const broken of [forgetful, twin('Z-S15')]) {
    t.true(
      fc.check(fc.property(actions, junk, (some, held) => !wrongAfter(some, held, broken))).failed,
    );
  }
});

/** The version that a reader would see while steal is being written. */
function versionDuringUpdate(junk: number, host: Partial<HostOps>): number {
  let during = 0;
  const watched: Partial<HostOps> = {
    ...host,
    accumulateSteal(kvm, vcpu, area) {
      during = kvm.memory.load32(area + KVM_STEAL_TIME_VERSION);
      return referenceHost.accumulateSteal(kvm, vcpu, area);
    },
  };
  const world = started({}, watched);
  world.memory.store32(AREA + KVM_STEAL_TIME_VERSION, junk);
  world.cpus[0]!.wrmsr(MSR_KVM_STEAL_TIME, ON);
  return during;
}

test('the version is odd while steal is written', (t) => {
  fc.assert(fc.property(initialVersion, (junk) => (versionDuringUpdate(junk, {}) & 1) === 1));
  t.is(versionDuringUpdate(2, twin('Z-S6')) & 1, 0);
});

/** The preempted byte while the thread is off its CPU, between two instructions or within one. */
function markedWhile(boundary: boolean, host: Partial<HostOps>): number {
  const world = started({}, host);
  const { kvm, memory, cpus } = world;
  const vcpu = kvm.vcpu(0);
  cpus[0]!.wrmsr(MSR_KVM_STEAL_TIME, ON);
  memory.store32(vcpu + VCPU.atInstructionBoundary, boundary ? 1 : 0);
  kvm.ops.scheduleOut(kvm, vcpu);
  const marked = preempted(world);
  memory.store32(vcpu + VCPU.atInstructionBoundary, 0);
  wait(world, 1);
  if (preempted(world) !== 0) throw new Error('Expected the entry to clear the byte.');
  return marked;
}

test('PREEMPTED is set between two instructions, not within one, and gone after the entry', (t) => {
  t.is(markedWhile(true, {}), KVM_VCPU_PREEMPTED);
  t.is(markedWhile(false, {}), 0);
  t.is(markedWhile(false, twin('Z-S3')), KVM_VCPU_PREEMPTED);
});

test('a second preemption does not overwrite what a peer has added', (t) => {
  const world = started();
  const { kvm, memory, cpus } = world;
  const vcpu = kvm.vcpu(0);
  cpus[0]!.wrmsr(MSR_KVM_STEAL_TIME, ON);
  memory.store32(vcpu + VCPU.atInstructionBoundary, 1);
  kvm.ops.scheduleOut(kvm, vcpu);
  t.true(referenceGuest.vcpuIsPreempted(cpus[1]!, { area: AREA }));
  memory.store8(AREA + KVM_STEAL_TIME_PREEMPTED, KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB);
  kvm.ops.scheduleOut(kvm, vcpu);
  t.is(preempted(world), KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB);
  wait(world, 1);
  t.is(preempted(world), 0);
  t.is(memory.load32(vcpu + VCPU.tlbFlushes), 1);
  t.false(referenceGuest.vcpuIsPreempted(cpus[1]!, { area: AREA }));
});

test('a flush is served only where the guest may ask for it; the byte is cleared either way', (t) => {
  fc.assert(
    fc.property(fc.nat(255), fc.boolean(), fc.boolean(), (byte, offered, enforced) => {
      const features = offered ? 1 << KVM_FEATURE_PV_TLB_FLUSH : 0;
      const world = makeWorld({ features: features | (1 << 5), enforcePvFeatureCpuid: enforced });
      const [cpu] = world.cpus;
      cpu!.start();
      cpu!.wrmsr(MSR_KVM_STEAL_TIME, ON);
      world.memory.store8(AREA + KVM_STEAL_TIME_PREEMPTED, byte);
      wait(world, 1);
      const asked = (byte & KVM_VCPU_FLUSH_TLB) !== 0 && (offered || !enforced);
      const flushes = world.memory.load32(world.kvm.vcpu(0) + VCPU.tlbFlushes);
      return preempted(world) === 0 && flushes === (asked ? 1 : 0);
    }),
  );
  t.pass();
});

test('memory that is not there is skipped, and written once it appears', (t) => {
  const world = started({ ramBytes: 0x4000 });
  const [cpu] = world.cpus;
  cpu!.wrmsr(MSR_KVM_STEAL_TIME, 0x8001n);
  t.is(cpu!.rdmsr(MSR_KVM_STEAL_TIME), 0x8001n);
  wait(world, 7);
  world.slots.replace([
    { gpa: 0, bytes: 0x2000, address: 0 },
    { gpa: 0x8000, bytes: 0x2000, address: 0x2000 },
  ]);
  wait(world, 5);
  t.is(referenceGuest.readSteal(cpu!, { area: 0x8000 }), 12n);
});
