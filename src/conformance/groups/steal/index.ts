import { groupOfKinds } from '../../group.ts';
import { address } from './address.ts';
import { version } from './version.ts';

/** Steal time: all but the amount, which is added to what memory held. */
export const steal = groupOfKinds('steal', [
  { is: (kind) => kind === 'version', group: version },
  { is: (kind) => kind === 'address', group: address },
]);
