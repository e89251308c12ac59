import { STORE_BUFFERING, storeBufferingSweep } from './store-buffering-sweep.ts';
import { workloads } from './workloads.ts';

/** Names that `bench` takes: the variants of store buffering go by one. */
export const workloadNames: readonly string[] = [
  ...workloads.filter((one) => !storeBufferingSweep.includes(one)).map(({ name }) => name),
  STORE_BUFFERING,
];
