import * as v from 'valibot';
import { hexWord } from '../fields.ts';
import { group } from '../group.ts';
import { registersIn } from '../registers.ts';
import { configNamed, vmWithFeatures } from '../vcpu-features.ts';

/** What a guest sees of a set of features. */
export const cpuidGuestView = group(
  'cpuid_guest_view',
  v.looseObject({
    config: v.string(),
    leaf: hexWord,
    eax: hexWord,
    ebx: hexWord,
    ecx: hexWord,
    edx: hexWord,
  }),
  (row, bench) => {
    const vm = vmWithFeatures(bench, configNamed(row.config, bench));
    const seen = vm.run((cpu) => cpu.cpuid(row.leaf));
    return { expected: registersIn(row), got: registersIn(seen) };
  },
);
