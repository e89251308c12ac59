import { KVM_MSR_ENABLED, MSR_KVM_SYSTEM_TIME_NEW } from '../abi/msr.ts';
import { scaleDelta } from '../abi/pvclock-scale.ts';
import { PVCLOCK_SYSTEM_TIME, PVCLOCK_TSC_TIMESTAMP } from '../abi/pvclock-vcpu-time-info.ts';
import { referenceHost } from '../host/host-ops.ts';
import type { Kvm } from '../host/kvm.ts';
import type { SavedVm } from '../host/live-migration.ts';
import { IN_GUEST_MODE, VCPU, VM } from '../host/records.ts';
import { tscTimeScale } from '../host/time-scale.ts';
import { moveStory } from '../scenarios/move-story.ts';
import type { Mutant } from '../scenarios/scenario.ts';

const COMMON = {
  mechanism: 'migration',
  side: 'host',
  scenario: 'live-migration',
  visibleUnder: ['sc', 'tso', 'weak'],
} as const;

/** One vCPU, whose clock is seen to go backwards by itself: of two, the other could be what tells first. */
const ALONE = { vcpus: 1 } as const;

/**
 * A host that has been up for longer than any that the VM goes to, and whose TSC is slower: what it published is
 * ahead of the guest's TSC there.
 */
const LONG_UP = { firstTick: 1n << 40n, hostTscKhz: 500_000 } as const;

/** Waits until a vCPU runs. */
function waitForGuest(kvm: Kvm): void {
  const runs = (id: number): boolean =>
    kvm.memory.load32(kvm.vcpu(id) + VCPU.mode) === IN_GUEST_MODE;
  for (let id = 0; !runs(id); id = (id + 1) % kvm.vcpuCount) kvm.cpu.relax();
}

/** The clock by vCPU 0's area, as the memory that came over has it, at the TSC that this host gives it. */
function clockByArea(kvm: Kvm, { vcpus }: SavedVm): bigint {
  const { memory } = kvm;
  const vcpu = kvm.vcpu(0);
  const msr = vcpus[0]?.msrs.find(({ index }) => index === MSR_KVM_SYSTEM_TIME_NEW);
  const area = kvm.cpu.translate(Number((msr?.data ?? 0n) & ~KVM_MSR_ENABLED), 32);
  const tsc = kvm.ops.guestTsc(kvm, vcpu, kvm.cpu.hostTsc());
  const elapsed = BigInt.asIntN(64, tsc - memory.load64(area + PVCLOCK_TSC_TIMESTAMP));
  const { mul, shift } = tscTimeScale(memory.load32(vcpu + VCPU.tscKhz));
  const nanoseconds = scaleDelta(elapsed < 0n ? -elapsed : elapsed, mul, shift);
  const systemTime = memory.load64(area + PVCLOCK_SYSTEM_TIME);
  return BigInt.asUintN(64, systemTime + (elapsed < 0n ? -nanoseconds : nanoseconds));
}

/** Broken VMMs and hosts, as a live migration shows them. */
export const migrationMutants: readonly Mutant[] = [
  {
    ...COMMON,
    id: 'Z-C5',
    summary: 'The VMM resumes the vCPUs before it has set the clock.',
    source: 'cloud-hypervisor PR 7932 (before it)',
    controlled: { machine: moveStory('clock', 'be moved', 'clock') },
    machine: ALONE,
    invariants: ['P3', 'P5'],
    host: {
      moveVm(kvm, destination) {
        const { ops } = kvm;
        const saved = ops.saveVm(kvm);
        ops.createOnHost(kvm, destination);
        ops.restoreState(kvm, saved);
        ops.tellGuestStopped(kvm);
        ops.resumeVcpus(kvm);
        waitForGuest(kvm);
        ops.restoreClock(kvm, saved.clock);
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-C6',
    summary: 'The VMM does not restore the clock: it starts again from the new VM’s own base.',
    source: 'cloud-hypervisor PR 2653 (before it)',
    machine: ALONE,
    invariants: ['P3'],
    host: { restoreClock() {} },
  },
  {
    ...COMMON,
    id: 'Z-C7',
    summary:
      'KVM_SET_CLOCK with REALTIME also subtracts: on a host whose CLOCK_REALTIME is behind, the clock goes back.',
    source: 'constructed',
    machine: ALONE,
    invariants: ['P3'],
    host: {
      passedSince: (kvm, realtime) =>
        BigInt.asIntN(64, kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc()) - realtime),
    },
  },
  {
    ...COMMON,
    id: 'Z-C8',
    summary:
      'A write of 0x12 by the VMM counts as the guest’s: restoring both names of SYSTEM_TIME turns the master clock off.',
    source: 'constructed',
    invariants: ['P7'],
    host: {
      writeSystemTime(kvm, vcpu, value, oldMsr) {
        referenceHost.writeSystemTime(kvm, vcpu, value, oldMsr, false);
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-C9',
    summary:
      'The VMM takes the clock from vCPU 0’s area and the TSC of the new host, as if that could not be less than tsc_timestamp: where it is, the clock goes back.',
    source: 'QEMU c4ef867f2949 (which asserts it)',
    machine: { ...ALONE, ...LONG_UP },
    invariants: ['P3'],
    host: {
      restoreVm(kvm, saved) {
        const clock = clockByArea(kvm, saved);
        referenceHost.restoreVm(kvm, { ...saved, clock: { ...saved.clock, clock } });
      },
    },
  },
  {
    ...COMMON,
    id: 'Z-P19',
    summary:
      'The VMM tells the vCPUs that they were stopped before it saves them: what no entry has published is not in the memory that goes over.',
    source: 'firecracker PR 5494 (before it)',
    invariants: ['P8'],
    host: {
      saveVm(kvm) {
        referenceHost.tellGuestStopped(kvm);
        return referenceHost.saveVm(kvm);
      },
      tellGuestStopped() {},
    },
  },
  {
    ...COMMON,
    id: 'Z-P23',
    summary:
      'The multiplier is made for the frequency of the host’s TSC, where the guest’s is scaled to another.',
    source: '78db6a503796 (before it)',
    invariants: ['P5'],
    host: { clockScaleKhz: (kvm) => kvm.memory.load32(kvm.vm + VM.hostTscKhz) },
  },
  {
    ...COMMON,
    id: 'A-G1',
    summary:
      'The VMM asks whether the guest may be moved before it stops the vCPUs: meanwhile the guest takes its leave back.',
    source: 'constructed',
    controlled: { vcpus: 1, machine: moveStory('withhold'), clockSteps: 0 },
    invariants: ['G1'],
    host: {
      migrate(kvm, destination) {
        if (!kvm.ops.mayMigrate(kvm)) return false;
        kvm.ops.stopVcpus(kvm);
        kvm.ops.moveVm(kvm, destination);
        kvm.ops.resumeVcpus(kvm);
        return true;
      },
    },
  },
  {
    ...COMMON,
    id: 'A-G2',
    summary: 'The VMM does not send the list of shared ranges along.',
    source: 'constructed',
    controlled: { vcpus: 1, machine: moveStory('convert', 'move') },
    invariants: ['G2'],
    host: { saveVm: (kvm) => ({ ...referenceHost.saveVm(kvm), sharedRanges: [] }) },
  },
  {
    ...COMMON,
    id: 'A-G3',
    scenario: 'map-gpa-range',
    summary: 'The VMM changes its list without a lock: of two conversions at once, one is lost.',
    source: 'constructed',
    invariants: ['G2'],
    host: { setShared: (kvm, range, shared) => kvm.ops.changeSharedRanges(kvm, range, shared) },
  },
];
