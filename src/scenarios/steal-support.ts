import { KVM_STEAL_TIME_VERSION } from '../abi/kvm-steal-time.ts';
import { MSR_KVM_STEAL_TIME } from '../abi/msr.ts';
import { stealArea } from './guest-map.ts';
import type { VcpuThread } from './scenario.ts';

/** Prefills a vCPU's steal area and registers it, as the guest does at bring-up. */
export function registerSteal({ cpu, machine }: VcpuThread): void {
  const area = stealArea(cpu.id);
  cpu.store32(area + KVM_STEAL_TIME_VERSION, machine.initialVersion >>> 0);
  cpu.wrmsr(MSR_KVM_STEAL_TIME, BigInt(area) | 1n);
}
