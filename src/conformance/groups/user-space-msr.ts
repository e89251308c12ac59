import * as v from 'valibot';
import {
  KVM_EXIT_X86_RDMSR,
  KVM_EXIT_X86_WRMSR,
  KVM_MSR_EXIT_REASON_FILTER,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
} from '../../abi/index.ts';
import { KVM_CAP_X86_USER_SPACE_MSR } from '../../host/capabilities.ts';
import type { Kvm } from '../../host/kvm.ts';
import type { MsrExit } from '../../host/msr-exit.ts';
import { KVM_MSR_FILTER_READ, KVM_MSR_FILTER_WRITE, setMsrFilter } from '../../host/msr-filter.ts';
import { enableVmCap } from '../../host/vmm-ioctls.ts';
import { hexNumber, hexWord } from '../fields.ts';
import { group } from '../group.ts';
import { hex } from '../hex.ts';
import { rdmsrSafe } from '../recorded-vm.ts';
import type { Facts } from '../result.ts';

/** The guest's own exit, an OUT, where the access was over. */
const KVM_EXIT_IO = 2;

const ALL_REASONS = BigInt(
  KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER,
);

/** Which accesses of a guest go to user space, and what the VMM is told. */
export const userSpaceMsr = group(
  'user_space_msr',
  v.looseObject({
    op: v.picklist(['rdmsr', 'wrmsr']),
    msr: hexWord,
    value: v.optional(hexNumber),
    cap_rc: v.number(),
    exit: v.number(),
    exit_index: v.optional(hexWord),
    exit_data: v.optional(hexNumber),
    reason: v.optional(v.number()),
  }),
  (row, bench) => {
    const exits: MsrExit[] = [];
    const vm = bench.vm({}, { vmmServesMsr: (_kvm, _vcpu, exit) => void exits.push(exit) });
    const rc = enableVmCap(vm.kvm, { cap: KVM_CAP_X86_USER_SPACE_MSR, arg: ALL_REASONS });
    if (row.reason === KVM_MSR_EXIT_REASON_FILTER) denyMsr(vm.kvm, row.msr);
    vm.run((cpu) => {
      if (row.op === 'rdmsr') rdmsrSafe(cpu, row.msr);
      else cpu.wrmsrSafe(row.msr, row.value ?? 0n);
    });
    const [exit] = exits;
    return {
      expected: {
        cap_rc: row.cap_rc,
        ...exitFacts(row.exit, row.exit_index, row.exit_data, row.reason),
      },
      got: {
        cap_rc: rc,
        ...(exit === undefined
          ? exitFacts(KVM_EXIT_IO)
          : exitFacts(exit.exit, exit.index, exit.data, exit.reason)),
      },
    };
  },
);

/** Only a filter gives this reason, so the recorder had one that denied this MSR. */
function denyMsr(kvm: Kvm, base: number): void {
  const flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;
  setMsrFilter(kvm, { flags: 0, ranges: [{ flags, base, count: 1, bitmap: 0n }] });
}

/** What the VMM is told; data only where the guest wrote some. */
function exitFacts(exit: number, index?: number, data?: bigint, reason?: number): Facts {
  if (exit !== KVM_EXIT_X86_RDMSR && exit !== KVM_EXIT_X86_WRMSR) return { exit };
  return {
    exit,
    index: index === undefined ? null : hex(index),
    reason: reason ?? null,
    ...(exit === KVM_EXIT_X86_WRMSR ? { data: data === undefined ? null : hex(data) } : {}),
  };
}
