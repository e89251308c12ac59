import test from 'ava';
import {
  KVM_EXIT_X86_RDMSR,
  KVM_EXIT_X86_WRMSR,
  KVM_MSR_EXIT_REASON_INVAL,
  KVM_MSR_EXIT_REASON_UNKNOWN,
  msrByIndex,
} from '../../src/abi/index.ts';
import { recordings } from '../fixtures.ts';

test('an MSR that KVM does not serve exits as unknown, a refused value as invalid, a good read not at all', (t) => {
  for (const { op, msr, value, exit, exit_index: index, reason } of recordings.user_space_msr) {
    const row = msrByIndex(Number(msr));
    const exits = { rdmsr: KVM_EXIT_X86_RDMSR, wrmsr: KVM_EXIT_X86_WRMSR };
    if (row === undefined || row.servedBy === 'vmm') {
      t.deepEqual([exit, reason, index], [exits[op], KVM_MSR_EXIT_REASON_UNKNOWN, msr], msr);
    } else if (value !== undefined) {
      t.not(BigInt(value) & row.reservedMask, 0n, msr);
      t.deepEqual([exit, reason, index], [exits[op], KVM_MSR_EXIT_REASON_INVAL, msr], msr);
    } else {
      t.false(Object.values(exits).includes(exit), msr);
    }
  }
});
