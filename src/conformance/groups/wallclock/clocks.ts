import type { RecordedVm } from '../../recorded-vm.ts';

/** The host's clocks now, as the recorder reads them around a write. */
export function readClocks(vm: RecordedVm): {
  readonly guestClock: bigint;
  readonly realtime: bigint;
} {
  const { kvm } = vm;
  const { clock } = kvm.ops.getClock(kvm);
  return { guestClock: clock, realtime: kvm.ops.realtimeNsAt(kvm, kvm.cpu.hostTsc()) };
}
