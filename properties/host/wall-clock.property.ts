import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import {
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
} from '../../src/abi/msr.ts';
import {
  PVCLOCK_WALL_CLOCK_BYTES,
  PVCLOCK_WALL_CLOCK_NSEC,
  PVCLOCK_WALL_CLOCK_SEC,
} from '../../src/abi/pvclock-wall-clock.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { VM } from '../../src/host/records.ts';
import { UNBACKED } from '../../src/memory/memslots.ts';
import { mutants } from '../../src/zoo/index.ts';
import { type Initiator, recordings } from '../fixtures.ts';
import { initialVersion } from '../machines.ts';
import { makeWorld, type World } from './world.ts';

const AREA = 0x3000;
const SECOND = 1_000_000_000n;

/** TSC, raw clock and guest clock count the same ns: the epoch is CLOCK_REALTIME's offset. */
const EXACT = { hostTscKhz: 1_000_000, tscKhz: [1_000_000], firstTick: 0n };

const twin = (id: string): Partial<HostOps> => mutants.find((mutant) => mutant.id === id)!.host!;

function write(
  world: World,
  value: bigint,
  initiated: Initiator = 'guest',
  index = MSR_KVM_WALL_CLOCK_NEW,
): void {
  const { kvm, cpus } = world;
  if (initiated === 'host') {
    kvm.ops.setMsr(kvm, kvm.vcpu(0), { index, hostInitiated: true }, value);
    return;
  }
  cpus[0]!.start();
  cpus[0]!.wrmsr(index, value);
  cpus[0]!.finish();
}

function setRealtime({ memory, kvm }: World, ns: bigint): void {
  memory.store64(kvm.vm + VM.realtimeOffset, ns);
}

function bytes({ memory }: World, from: number, length: number): string {
  return Buffer.from(memory.u8.slice(from, from + length)).toString('hex');
}

/** Version junk, and what one write makes of it: even + 2, odd + 3, modulo 2^32. */
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
    const world = makeWorld({}, host);
    world.memory.store32(AREA, junk);
    write(world, BigInt(AREA));
    return world.memory.load32(AREA) !== first;
  }).map(([junk]) => junk);

test('the first version after junk is two or three higher, and even', (t) => {
  t.deepEqual(wrongFirstVersions({}), []);
  t.deepEqual(wrongFirstVersions(twin('Z-W1')), [1, 0x7fffffff, 0xffffffff]);
});

/** Rows whose 12 bytes the model does not reproduce, told the realtime that the recorded host had. */
const wrongVersionRows = (host: Partial<HostOps>): string[] =>
  recordings.wallclock.flatMap(({ kind, initiated, msr, value, prefill_version, steps }) => {
    if (kind !== 'version') return [];
    const world = makeWorld(EXACT, host);
    const area = Number(value);
    world.memory.store32(area, Number(prefill_version));
    return steps!.flatMap(({ sec, nsec, bytes12 }) => {
      setRealtime(world, BigInt(sec) * SECOND + BigInt(nsec));
      write(world, BigInt(value!), initiated, Number(msr));
      const written = bytes(world, area, PVCLOCK_WALL_CLOCK_BYTES);
      return written === bytes12 ? [] : [`${prefill_version}: ${written} instead of ${bytes12}`];
    });
  });

test('what a real KVM wrote over each version, to the byte', (t) => {
  t.deepEqual(wrongVersionRows({}), []);
  t.not(wrongVersionRows(twin('Z-W1')).length, 0);
});

/** Guest RAM of the recorded machine. */
const RECORDED_RAM = { ramBytes: 0x200000, furtherRam: [{ gpa: 0x50000000, bytes: 0x10000 }] };

const wrongAddressRows = (host: Partial<HostOps>): string[] =>
  recordings.wallclock.flatMap(({ kind, initiated, value, dump_from, mem_before, mem_after }) => {
    if (kind !== 'address') return [];
    const world = makeWorld({ ...EXACT, ...RECORDED_RAM }, host);
    const from = Number(dump_from);
    const before = Buffer.from(mem_before!, 'hex');
    world.memory.u8.set(before, from);
    // The epoch that the recorded bytes hold, as far as they were in memory.
    const after = Buffer.concat([
      Buffer.from(mem_after!, 'hex'),
      Buffer.alloc(PVCLOCK_WALL_CLOCK_BYTES),
    ]);
    const field = (offset: number): bigint => {
      const at = Number(value) + offset - from;
      return at >= 0 && at + 4 <= after.length ? BigInt(after.readUInt32LE(at)) : 0n;
    };
    setRealtime(world, field(PVCLOCK_WALL_CLOCK_SEC) * SECOND + field(PVCLOCK_WALL_CLOCK_NSEC));
    write(world, BigInt(value!), initiated);
    const seen = bytes(world, from, before.length);
    return seen === mem_after ? [] : [`${value}: ${seen} instead of ${mem_after}`];
  });

test('odd addresses, page ends and the end of memory, as a real KVM treats them', (t) => {
  t.deepEqual(wrongAddressRows({}), []);
  const wholeOrNothing: Partial<HostOps> = {
    copyWallClock(kvm, gpa, version, epoch) {
      if (kvm.cpu.translate(gpa, PVCLOCK_WALL_CLOCK_BYTES) === UNBACKED) return;
      referenceHost.copyWallClock(kvm, gpa, version, epoch);
    },
  };
  t.not(wrongAddressRows(wholeOrNothing).length, 0);
});

test('a write touches its 12 bytes only, whatever the address; both indices read it back', (t) => {
  const index = fc.constantFrom(MSR_KVM_WALL_CLOCK, MSR_KVM_WALL_CLOCK_NEW);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0x3ff4 }), index, fc.nat(255), (gpa, msr, junk) => {
      const world = makeWorld({ ramBytes: 0x4000 });
      world.memory.u8.fill(junk, 0, 0x4000);
      write(world, BigInt(gpa), 'guest', msr);
      const others = [...world.memory.u8.subarray(0, 0x4000)].filter(
        (byte, at) => byte !== junk && (at < gpa || at >= gpa + PVCLOCK_WALL_CLOCK_BYTES),
      );
      const [first, second] = world.cpus;
      return (
        others.length === 0 &&
        first!.rdmsr(MSR_KVM_WALL_CLOCK) === BigInt(gpa) &&
        second!.rdmsr(MSR_KVM_WALL_CLOCK_NEW) === BigInt(gpa)
      );
    }),
  );
  t.pass();
});

test('value 0 and memory that is not there: accepted, read back, nothing written', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constant(0n), fc.bigInt({ min: 0x4000n, max: 2n ** 64n - 1n })),
      (value) => {
        const world = makeWorld({ ramBytes: 0x4000 });
        write(world, value);
        return (
          world.memory.u8.subarray(0, 0x4000).every((byte) => byte === 0) &&
          world.cpus[0]!.rdmsr(MSR_KVM_WALL_CLOCK) === value
        );
      },
    ),
  );
  t.pass();
});

test('an area over two memslots that are apart in host memory is one area', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0xff5, max: 0xfff }), initialVersion, (gpa, junk) => {
      const world = makeWorld({ ramBytes: 0x4000, ...EXACT });
      world.slots.replace([
        { gpa: 0, bytes: 0x1000, address: 0 },
        { gpa: 0x1000, bytes: 0x1000, address: 0x3000 },
      ]);
      setRealtime(world, 0x1234_5678n * SECOND + 0x0abc_def0n);
      const [cpu] = world.cpus;
      cpu!.start();
      cpu!.store32(gpa, junk);
      cpu!.wrmsr(MSR_KVM_WALL_CLOCK, BigInt(gpa));
      const version = (junk + 2 + (junk & 1)) >>> 0;
      return (
        cpu!.load32(gpa) === version &&
        cpu!.load32(gpa + PVCLOCK_WALL_CLOCK_SEC) === 0x1234_5678 &&
        cpu!.load32(gpa + PVCLOCK_WALL_CLOCK_NSEC) === 0x0abc_def0
      );
    }),
  );
  t.pass();
});

/** The version that a reader would see while the data are being written. */
function versionDuringCopy(junk: number, host: Partial<HostOps>): number {
  let during = 0;
  const world = makeWorld({}, host);
  const copy = world.kvm.ops.copyWallClock;
  Object.assign(world.kvm.ops, {
    copyWallClock: (...[kvm, gpa, version, epoch]: Parameters<typeof copy>) => {
      copy(kvm, gpa, version, epoch);
      during = kvm.memory.load32(gpa);
    },
  });
  world.memory.store32(AREA, junk);
  write(world, BigInt(AREA));
  return during;
}

test('the version is odd while the data are written', (t) => {
  fc.assert(fc.property(initialVersion, (junk) => (versionDuringCopy(junk, {}) & 1) === 1));
  t.is(versionDuringCopy(2, twin('Z-W1')) & 1, 0);
});

test('two vCPUs that write at once, as KVM lets them, set the version back', (t) => {
  const world = makeWorld();
  const { kvm, memory } = world;
  const versions: number[] = [];
  let nested = false;
  Object.assign(kvm.ops, {
    copyWallClock: (
      ...[host, gpa, version, epoch]: Parameters<typeof referenceHost.copyWallClock>
    ) => {
      if (!nested) {
        nested = true;
        // The other vCPU takes the odd version for junk and writes all of its own.
        kvm.ops.writeWallClock(kvm, BigInt(AREA));
        versions.push(memory.load32(AREA));
      }
      referenceHost.copyWallClock(host, gpa, version, epoch);
    },
  });
  write(world, BigInt(AREA));
  versions.push(memory.load32(AREA));
  t.deepEqual(versions, [4, 2]);
});

const realtime = fc.bigInt({ min: 0n, max: (2n ** 32n - 1n) * SECOND });

test('wall clock plus guest clock is CLOCK_REALTIME, however old the write is', (t) => {
  fc.assert(
    fc.property(
      realtime,
      fc.bigInt({ min: 0n, max: 2n ** 40n }),
      fc.bigInt({ min: 0n, max: 2n ** 50n }),
      fc.boolean(),
      (epoch, before, after, vcpusMatchedTsc) => {
        const world = makeWorld({ ...EXACT, vcpusMatchedTsc });
        const [cpu] = world.cpus;
        cpu!.start();
        cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, 0x1001n);
        setRealtime(world, epoch);
        world.pass(before);
        cpu!.wrmsr(MSR_KVM_WALL_CLOCK_NEW, BigInt(AREA));
        world.pass(after);
        const at = { wallClock: AREA, area: 0x1000, lastValue: 0x2000, validFlags: 1 };
        return referenceGuest.readWallClock(cpu!, at) === epoch + before + after;
      },
    ),
  );
  t.pass();
});

test('KVM_SET_CLOCK moves the epoch of the next write, and so never the sum', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (clock) => {
      const now = 1_795_330_714_274_306_627n;
      const world = makeWorld(EXACT);
      setRealtime(world, now);
      world.kvm.ops.setClock(world.kvm, { clock, flags: 0, realtime: 0n });
      write(world, BigInt(AREA), 'host');
      const [sec, nsec] = [PVCLOCK_WALL_CLOCK_SEC, PVCLOCK_WALL_CLOCK_NSEC].map((field) =>
        BigInt(world.memory.load32(AREA + field)),
      );
      return sec! * SECOND + nsec! + clock === now;
    }),
  );
  t.pass();
});
