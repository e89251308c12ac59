/** What guest and host agreed on: numbers, bits and record layouts. No behaviour. */
export * from './cpuid.ts';
export * from './hypercall.ts';
export * from './kvm-clock-data.ts';
export * from './kvm-clock-pairing.ts';
export * from './kvm-steal-time.ts';
export * from './kvm-vcpu-pv-apf-data.ts';
export * from './layout.ts';
export * from './msr.ts';
export * from './msr-exit.ts';
export * from './pv-eoi.ts';
export * from './pvclock-scale.ts';
export * from './pvclock-vcpu-time-info.ts';
export * from './pvclock-wall-clock.ts';
export * from './records.ts';
export * from './vector.ts';
