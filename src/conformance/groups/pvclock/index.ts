import { groupOfKinds } from '../../group.ts';
import { address } from './address.ts';
import { lifecycle } from './lifecycle.ts';
import { isOfTwoVcpus, twoVcpus } from './two-vcpus.ts';
import { version } from './version.ts';

/** kvmclock areas: versions, flags, pads and scale exactly, times by what they follow. */
export const pvclock = groupOfKinds('pvclock', [
  { is: (kind) => kind === 'version', group: version },
  { is: (kind) => /^lifecycle(_cpuid_bit\d+_clear)?$/.test(kind), group: lifecycle },
  { is: isOfTwoVcpus, group: twoVcpus },
  { is: (kind) => kind === 'address', group: address },
]);
