import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { MSR_KVM_SYSTEM_TIME, MSR_KVM_SYSTEM_TIME_NEW } from '../../src/abi/msr.ts';
import {
  PVCLOCK_FLAGS,
  PVCLOCK_GUEST_STOPPED,
  PVCLOCK_PAD,
  PVCLOCK_PAD0,
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_TSC_TIMESTAMP,
} from '../../src/abi/pvclock-vcpu-time-info.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { KVM_REQ_CLOCK_UPDATE } from '../../src/host/requests.ts';
import { makeWorld, type World } from './world.ts';

const AREA = 0x3000;
const LAST_VALUE = 0x4000;
const AT = { area: AREA, lastValue: LAST_VALUE, validFlags: PVCLOCK_TSC_STABLE_BIT };

function update({ kvm, cpus }: World, id = 0): void {
  kvm.ops.makeRequest(kvm, kvm.vcpu(id), KVM_REQ_CLOCK_UPDATE);
  cpus[id]!.exit();
}

/** What junk in the version word becomes by the first update: even + 2, odd + 3, modulo 2^32. */
const FIRST_VERSIONS: readonly (readonly [number, number])[] = [
  [0, 2],
  [1, 4],
  [2, 4],
  [0x7fffffff, 0x80000002],
  [0x80000000, 0x80000002],
  [0xfffffffe, 0],
  [0xffffffff, 2],
];

test('the first version after junk is the recorded one', (t) => {
  for (const [junk, first] of FIRST_VERSIONS) {
    const world = makeWorld();
    world.cpus[0]!.start();
    world.memory.store32(AREA, junk);
    world.cpus[0]!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
    t.is(world.memory.load32(AREA), first, `junk 0x${junk.toString(16)}`);
  }
});

test('every update advances the version evenly and publishes zero pads', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.nat(20), (junk, updates) => {
      const world = makeWorld();
      world.cpus[0]!.start();
      world.memory.store32(AREA, junk);
      world.memory.store32(AREA + PVCLOCK_PAD0, 0xdeadbeef);
      world.memory.store16(AREA + PVCLOCK_PAD, 0xbeef);
      world.cpus[0]!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
      for (let i = 0; i < updates; i++) {
        const before = world.memory.load32(AREA);
        update(world);
        if (world.memory.load32(AREA) !== (before + 2) >>> 0) return false;
      }
      return (
        world.memory.load32(AREA + PVCLOCK_PAD0) === 0 &&
        world.memory.load16(AREA + PVCLOCK_PAD) === 0
      );
    }),
  );
  t.pass();
});

test('old and new index are one register; bit 0 clear stops the updates and clears nothing', (t) => {
  const world = makeWorld();
  const [cpu] = world.cpus;
  cpu!.start();
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME, BigInt(AREA) | 1n);
  t.is(cpu!.rdmsr(MSR_KVM_SYSTEM_TIME_NEW), BigInt(AREA) | 1n);
  const version = world.memory.load32(AREA);
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA));
  world.pass(1_000n);
  update(world);
  t.is(world.memory.load32(AREA), version);
  t.is(cpu!.rdmsr(MSR_KVM_SYSTEM_TIME), BigInt(AREA));
});

test('an area that crosses a page is refused, and the one before stays alive', (t) => {
  const world = makeWorld();
  const [cpu] = world.cpus;
  cpu!.start();
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  const version = world.memory.load32(AREA);
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, 0x5fe3n);
  update(world);
  t.is(cpu!.rdmsr(MSR_KVM_SYSTEM_TIME_NEW), 0x5fe3n);
  t.true(world.memory.load32(AREA) > version);
  t.is(world.memory.load32(0x5fe4), 0);
});

test('an unbacked area is accepted, and filled once memory appears', (t) => {
  const world = makeWorld({ ramBytes: 0x2000, furtherRam: [{ gpa: 0x10000, bytes: 0x1000 }] });
  const [cpu] = world.cpus;
  cpu!.start();
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, 0x8001n);
  world.slots.replace([
    { gpa: 0, bytes: 0x2000, address: 0 },
    { gpa: 0x8000, bytes: 0x1000, address: 0x2000 },
  ]);
  t.is(world.memory.load32(0x2000), 0);
  update(world);
  t.is(world.memory.load32(0x2000), 2);
});

test('a guest that writes 0x12 on vCPU 0 loses TSC_STABLE for all; the host may write it freely', (t) => {
  const world = makeWorld();
  const [first, second] = world.cpus;
  first!.start();
  second!.start();
  second!.wrmsr(MSR_KVM_SYSTEM_TIME, BigInt(AREA + 64) | 1n);
  const flags = (): number => world.memory.load8(AREA + 64 + PVCLOCK_FLAGS);
  t.is(flags(), PVCLOCK_TSC_STABLE_BIT, 'vCPU 1 may use the old index');
  second!.finish();
  const access = { index: MSR_KVM_SYSTEM_TIME, hostInitiated: true };
  world.kvm.ops.setMsr(world.kvm, world.kvm.vcpu(0), access, BigInt(AREA) | 1n);
  second!.start();
  t.is(flags(), PVCLOCK_TSC_STABLE_BIT, 'a host write switches nothing');
  second!.finish();
  first!.wrmsr(MSR_KVM_SYSTEM_TIME, BigInt(AREA) | 1n);
  second!.start();
  t.is(flags(), 0, 'a guest write of vCPU 0 does');
  second!.finish();
  first!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  second!.start();
  t.is(flags(), PVCLOCK_TSC_STABLE_BIT, 'and the new index brings it back');
});

test('GUEST_STOPPED comes with the next update, stays over others, and the guest alone clears it', (t) => {
  const world = makeWorld();
  const [cpu] = world.cpus;
  cpu!.start();
  t.false(
    world.kvm.ops.setGuestPaused(world.kvm, world.kvm.vcpu(0)),
    'EINVAL without an active area',
  );
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  t.true(world.kvm.ops.setGuestPaused(world.kvm, world.kvm.vcpu(0)));
  const stopped = (): boolean =>
    (world.memory.load8(AREA + PVCLOCK_FLAGS) & PVCLOCK_GUEST_STOPPED) !== 0;
  t.false(stopped(), 'not before the next entry');
  cpu!.exit();
  t.true(stopped());
  update(world);
  update(world);
  t.true(stopped());
  t.true(referenceGuest.checkGuestStopped(cpu!, AT));
  t.false(stopped());
  t.false(referenceGuest.checkGuestStopped(cpu!, AT));
});

test('a guest clock is host time, for any frequency, offset and pause between updates', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 10_000_000 }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.array(fc.bigInt({ min: 0n, max: 2n ** 40n }), { minLength: 1, maxLength: 6 }),
      (kHz, offset, pauses) => {
        const world = makeWorld({ hostTscKhz: kHz, tscKhz: [kHz], tscOffset: [offset] });
        const [cpu] = world.cpus;
        cpu!.start();
        cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
        return pauses.every((pause, index) => {
          if (index % 2 === 1) update(world);
          world.pass(pause);
          const read = referenceGuest.readClock(cpu!, AT);
          const truth = (world.tick() * 1_000_000n) / BigInt(kHz);
          const seconds = truth / 1_000_000_000n + 1n;
          return read <= truth && truth - read <= seconds + 3n;
        });
      },
    ),
  );
  t.pass();
});

test("the published TSC is the guest's own, with scaling and offset", (t) => {
  const world = makeWorld({
    hostTscKhz: 1_000_000,
    tscKhz: [3_000_000],
    tscOffset: [77n],
    firstTick: 500n,
  });
  const [cpu] = world.cpus;
  cpu!.start();
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  t.is(cpu!.rdtsc(), 1577n);
  t.is(world.memory.load64(AREA + PVCLOCK_TSC_TIMESTAMP), 1577n);
});
