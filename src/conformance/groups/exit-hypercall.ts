import * as v from 'valibot';
import { KVM_CAP_EXIT_HYPERCALL } from '../../host/capabilities.ts';
import { enableVmCap } from '../../host/vmm-ioctls.ts';
import { errnoOf } from '../errno.ts';
import { hexNumber } from '../fields.ts';
import { group } from '../group.ts';

/** Which masks KVM_CAP_EXIT_HYPERCALL takes. */
export const exitHypercall = group(
  'exit_hypercall',
  v.looseObject({ mask: hexNumber, rc: v.number(), errno: v.number() }),
  ({ mask, rc, errno }, bench) => {
    const vm = bench.vm();
    const result = enableVmCap(vm.kvm, { cap: KVM_CAP_EXIT_HYPERCALL, arg: mask });
    return { expected: { rc, errno }, got: errnoOf(result) };
  },
);
