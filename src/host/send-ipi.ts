import { APIC_DEST_MASK, APIC_SHORT_MASK, KVM_EINVAL, KVM_EOPNOTSUPP } from '../abi/index.ts';
import type { Kvm } from './kvm.ts';
import { VCPU } from './records.ts';

/** Fields of the ICR. Source: arch/x86/include/asm/apicdef.h. */
const APIC_VECTOR_MASK = 0xffn;
const APIC_MODE_MASK = 0x700n;
const APIC_INT_LEVELTRIG = 0x8000n;
const APIC_DM_FIXED = 0x000n;
const APIC_DM_LOWEST = 0x100n;

/** Bits of an ICR that ask for more than one physical destination. */
const OTHER_DESTINATIONS = BigInt(APIC_DEST_MASK | APIC_SHORT_MASK);

/**
 * KVM_HC_SEND_IPI: one interrupt to each vCPU whose bit is set, and how many took it. Source:
 * `kvm_pv_send_ipi`.
 *
 * @param low bits of the APIC ids from `min` on
 * @param high bits of the ids after those
 * @param min APIC id of the lowest bit of `low`
 * @param icr vector, delivery mode and trigger mode
 * @param longMode bitmaps of 64 bits rather than of 32
 */
export function sendIpis(
  kvm: Kvm,
  low: bigint,
  high: bigint,
  min: number,
  icr: bigint,
  longMode: boolean,
): bigint {
  if ((icr & OTHER_DESTINATIONS) !== 0n) return BigInt(-KVM_EINVAL);
  // Without LAPICs there is no map of their ids.
  if (!kvm.ops.lapicInKernel(kvm)) return BigInt(-KVM_EOPNOTSUPP);
  const bits = longMode ? 64 : 32;
  const next = (min + bits) >>> 0;
  return BigInt(
    sendToCluster(kvm, low, bits, min, icr) + sendToCluster(kvm, high, bits, next, icr),
  );
}

/** Source: `__pv_send_ipi`. */
function sendToCluster(kvm: Kvm, bitmap: bigint, bits: number, min: number, icr: bigint): number {
  let count = 0;
  for (let bit = 0; bit < bits; bit++) {
    if (((bitmap >> BigInt(bit)) & 1n) === 0n) continue;
    // Ids that no vCPU has are skipped; a cluster that starts above the last one is all skipped.
    if (min + bit < kvm.vcpuCount && deliver(kvm, min + bit, icr)) count++;
  }
  return count;
}

/** Whether the target took it. NMI, SMI, INIT and SIPI are counted; only interrupts are modelled. */
function deliver(kvm: Kvm, id: number, icr: bigint): boolean {
  const vcpu = kvm.vcpu(id);
  const mode = icr & APIC_MODE_MASK;
  if (mode !== APIC_DM_FIXED && mode !== APIC_DM_LOWEST) return true;
  if (kvm.memory.load32(vcpu + VCPU.apicEnabled) === 0) return false;
  const vector = Number(icr & APIC_VECTOR_MASK);
  kvm.ops.acceptInterrupt(kvm, vcpu, vector, (icr & APIC_INT_LEVELTRIG) !== 0n);
  return true;
}
