import {
  KVM_CLOCK_PAIRING_BYTES,
  KVM_CLOCK_PAIRING_NSEC,
  KVM_CLOCK_PAIRING_SEC,
  KVM_CLOCK_PAIRING_TSC,
  KVM_CLOCK_PAIRING_WALLCLOCK,
  KVM_EFAULT,
  KVM_EOPNOTSUPP,
} from '../abi/index.ts';
import { writeGuest32 } from './guest-memory.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { VCPU, VM } from './records.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const WORD = 4;

/**
 * KVM_HC_CLOCK_PAIRING: CLOCK_REALTIME and the caller's TSC of one instant, written to guest memory.
 * Source: `kvm_pv_clock_pairing`.
 */
export function clockPairing(kvm: Kvm, vcpu: VcpuRecord, gpa: bigint, type: bigint): bigint {
  const { memory, ops, vm } = kvm;
  if (type !== BigInt(KVM_CLOCK_PAIRING_WALLCLOCK)) return BigInt(-KVM_EOPNOTSUPP);
  // A TSC that KVM keeps pushing forward is no line.
  if (memory.load32(vcpu + VCPU.tscAlwaysCatchup) !== 0) return BigInt(-KVM_EOPNOTSUPP);
  if (memory.load32(vm + VM.clocksourceIsTsc) === 0) return BigInt(-KVM_EOPNOTSUPP);
  const tsc = kvm.cpu.hostTsc();
  const realtime = ops.realtimeNsAt(kvm, tsc);
  const pairing = new DataView(new ArrayBuffer(KVM_CLOCK_PAIRING_BYTES));
  pairing.setBigUint64(KVM_CLOCK_PAIRING_SEC, realtime / NANOSECONDS_PER_SECOND, true);
  pairing.setBigUint64(KVM_CLOCK_PAIRING_NSEC, realtime % NANOSECONDS_PER_SECOND, true);
  pairing.setBigUint64(KVM_CLOCK_PAIRING_TSC, ops.guestTsc(kvm, vcpu, tsc), true);
  for (let offset = 0; offset < KVM_CLOCK_PAIRING_BYTES; offset += WORD) {
    if (!writeGuest32(kvm, Number(gpa) + offset, pairing.getUint32(offset, true))) {
      return BigInt(-KVM_EFAULT);
    }
  }
  return 0n;
}
