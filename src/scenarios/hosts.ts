import { KVM_MSR_EXIT_REASON_UNKNOWN } from '../abi/msr-exit.ts';
import { KVM_CAP_X86_USER_SPACE_MSR } from '../host/capabilities.ts';
import type { MachineSpec } from '../host/machine.ts';
import { enableVmCap } from '../host/vmm-ioctls.ts';
import type { HostThread } from './scenario.ts';

/** What the hosts of a cluster differ in: TSC frequency, and when they were booted. */
const HOST_TSC_KHZ = [1_000_000, 2_000_000, 2_300_000, 2_893_437, 4_000_001];
const MOST_UPTIME = 1 << 30;
/** How far the CLOCK_REALTIME of two hosts is apart, ns, at most; and how long the way takes. */
const MOST_SKEW = 1 << 20;

/**
 * The machine on a host with a TSC and clocks of its own; its CLOCK_REALTIME is about the same. An engine that
 * explores has one: its TSC is slower and has just begun, and its CLOCK_REALTIME is behind.
 */
export function anotherHost({ kvm, machine, random }: HostThread): MachineSpec {
  const realtime = kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc());
  const hostTscKhz = HOST_TSC_KHZ[random.pace(HOST_TSC_KHZ.length)]!;
  const firstTick = BigInt(random.pace(MOST_UPTIME));
  const rawClockBoot = BigInt(random.pace(MOST_UPTIME));
  const now = (firstTick * 1_000_000n) / BigInt(hostTscKhz) + rawClockBoot;
  const skew = BigInt(random.pace(2 * MOST_SKEW) - MOST_SKEW);
  return {
    ...machine,
    hostTscKhz,
    firstTick,
    rawClockBoot,
    realtimeOffset: realtime + skew - now,
  };
}

/** Makes KVM pass MIGRATION_CONTROL, which it does not know, on to the VMM. */
export function serveMigrationControl({ kvm }: HostThread): void {
  enableVmCap(kvm, { cap: KVM_CAP_X86_USER_SPACE_MSR, arg: BigInt(KVM_MSR_EXIT_REASON_UNKNOWN) });
}
