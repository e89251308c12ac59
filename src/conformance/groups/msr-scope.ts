import * as v from 'valibot';
import { getOneMsr, setMsrs, setOneMsr } from '../../host/vmm-ioctls.ts';
import { hexNumber, hexWord } from '../fields.ts';
import { group, groupOfKinds } from '../group.ts';
import { hex } from '../hex.ts';
import { RecordingError } from '../recording-error.ts';

const KIND = v.looseObject({ kind: v.string() });

/** A write on vCPU 0, seen from vCPU 1. */
const twoVcpus = group(
  'msr_scope',
  v.looseObject({
    ...KIND.entries,
    msr: hexWord,
    value: hexNumber,
    accepted: v.boolean(),
    vcpu1_before: hexNumber,
    vcpu0_after: hexNumber,
    vcpu1_after: hexNumber,
    scope: v.string(),
  }),
  (row, bench) => {
    const { kvm } = bench.vm({ vcpus: 2 });
    const read = (id: number): bigint => getOneMsr(kvm, kvm.vcpu(id), row.msr) ?? -1n;
    // The rows of a recording share a VM: what an earlier one wrote is still there.
    if (read(1) !== row.vcpu1_before) setOneMsr(kvm, kvm.vcpu(1), row.msr, row.vcpu1_before);
    const before = read(1);
    const accepted = setOneMsr(kvm, kvm.vcpu(0), row.msr, row.value);
    const [own, other] = [read(0), read(1)];
    return {
      expected: {
        accepted: row.accepted,
        vcpu1_before: hex(row.vcpu1_before),
        vcpu0_after: hex(row.vcpu0_after),
        vcpu1_after: hex(row.vcpu1_after),
        scope: row.scope,
      },
      got: {
        accepted,
        vcpu1_before: hex(before),
        vcpu0_after: hex(own),
        vcpu1_after: hex(other),
        scope: scopeOf(row.value, own, other),
      },
    };
  },
);

function scopeOf(written: bigint, own: bigint, other: bigint): string {
  if (own !== written) return 'not_readable_state';
  return other === written ? 'vm' : 'vcpu';
}

/** A list for KVM_SET_MSRS that ends at its first refused entry. */
const batch = group(
  'msr_scope',
  v.looseObject({
    ...KIND.entries,
    indices: v.array(hexWord),
    values: v.array(hexNumber),
    returned: v.number(),
    readback: v.array(v.nullable(hexNumber)),
  }),
  (row, bench) => {
    if (row.indices.length !== row.values.length) {
      throw new RecordingError('values: Expected as many as there are indices');
    }
    const { kvm } = bench.vm();
    const vcpu = kvm.vcpu(0);
    const entries = row.indices.map((index, place) => ({ index, data: row.values[place]! }));
    const returned = setMsrs(kvm, vcpu, entries);
    const readback = row.indices.map((index) => getOneMsr(kvm, vcpu, index));
    return {
      expected: {
        returned: row.returned,
        readback: row.readback.map((value) => (value === null ? null : hex(value))),
      },
      got: {
        returned,
        readback: readback.map((value) => (value === undefined ? null : hex(value))),
      },
    };
  },
);

/** One register for the VM or one for each vCPU, and the order of lists. */
export const msrScope = groupOfKinds('msr_scope', [
  { is: (kind) => kind === 'write_vcpu0_read_vcpu1', group: twoVcpus },
  { is: (kind) => kind === 'set_msrs_batch', group: batch },
]);
