import { KVM_STEAL_TIME_STEAL, KVM_STEAL_TIME_VERSION } from '../abi/index.ts';
import { hexOfBytes } from './hex.ts';
import { publishedVersion } from './pvclock-step.ts';
import type { Facts } from './result.ts';

const WORD = 4;

/** `steal` of a `kvm_steal_time`. */
export function stealIn(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(KVM_STEAL_TIME_STEAL, true);
}

/** How much was stolen from one dump to the next, ns modulo 2^64. */
export function stolenBetween(before: Uint8Array, after: Uint8Array): bigint {
  return BigInt.asUintN(64, stealIn(after) - stealIn(before));
}

/** What is general in one step: every byte, but of the version that it went on by whole updates. */
export function stealFacts(before: Uint8Array, after: Uint8Array): Facts {
  if (hexOfBytes(before) === hexOfBytes(after)) return { written: false };
  const version = (bytes: Uint8Array): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(KVM_STEAL_TIME_VERSION, true);
  return {
    written: true,
    version: publishedVersion(version(before), version(after)),
    stealDecreased: BigInt.asIntN(64, stolenBetween(before, after)) < 0n,
    steal: hexOfBytes(after.subarray(0, KVM_STEAL_TIME_VERSION)),
    rest: hexOfBytes(after.subarray(KVM_STEAL_TIME_VERSION + WORD)),
  };
}
