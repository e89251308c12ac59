import { KVM_CLOCK_DATA } from './kvm-clock-data.ts';
import { KVM_CLOCK_PAIRING } from './kvm-clock-pairing.ts';
import { KVM_STEAL_TIME } from './kvm-steal-time.ts';
import { KVM_VCPU_PV_APF_DATA } from './kvm-vcpu-pv-apf-data.ts';
import type { RecordLayout } from './layout.ts';
import { PV_EOI_WORD } from './pv-eoi.ts';
import { PVCLOCK_VCPU_TIME_INFO } from './pvclock-vcpu-time-info.ts';
import { PVCLOCK_WALL_CLOCK } from './pvclock-wall-clock.ts';

/** Every record of the interface. */
export const RECORDS: readonly RecordLayout[] = [
  PVCLOCK_WALL_CLOCK,
  PVCLOCK_VCPU_TIME_INFO,
  KVM_VCPU_PV_APF_DATA,
  KVM_STEAL_TIME,
  PV_EOI_WORD,
  KVM_CLOCK_PAIRING,
  KVM_CLOCK_DATA,
];
