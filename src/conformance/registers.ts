import type { CpuidResult } from '../cpu/vcpu.ts';
import { hex } from './hex.ts';
import type { Facts } from './result.ts';

/** The registers of a leaf; a row need not have all. */
export type Registers = { readonly [Name in keyof CpuidResult]?: number | undefined };

/** The registers of a leaf, those that are given. */
export function registersIn(leaf: Registers): Facts {
  const names = ['eax', 'ebx', 'ecx', 'edx'] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = leaf[name];
      return value === undefined ? [] : [[name, hex(value)]];
    }),
  );
}
