import type { Ledger } from './ledger.ts';
import type { HostThread, Program } from './scenario.ts';

/** Ledger: steps that the vCPUs have done, and how often one of them has let the workers begin. */
const STEPS = 0;
const BEGUN = 4;
export const PAGE_WORKER_BYTES = 64;

/** A vCPU is through with a step. */
export function stepDone(ledger: Ledger, base: number): void {
  ledger.add32(base + STEPS, 1);
}

/** The vCPU has come to where the other workers may begin, if they wait for that. */
export function letWorkersBegin(ledger: Ledger, base: number): void {
  ledger.add32(base + BEGUN, 1);
}

/**
 * A worker of the host (`async_pf_execute` on a workqueue): brings pages in until the vCPUs have done a
 * step more.
 *
 * @param base where the ledger has what {@link PAGE_WORKER_BYTES} speaks of
 */
export function serveFaults(
  { kvm, machine, ledger, random, idle }: HostThread,
  base: number,
): Program {
  const waits = machine.pageActions.includes('bring in');
  let seen = 0;
  return {
    step() {
      while (waits && ledger.load32(base + BEGUN) === seen) kvm.cpu.relax();
      while (ledger.load32(base + STEPS) === seen) {
        // Not always the same first: the last one would never have its turn where the others keep a worker busy.
        if (kvm.ops.runAsyncPfWorker(kvm, random.pace(machine.vcpus))) idle();
        else kvm.cpu.relax();
      }
      seen = ledger.load32(base + STEPS);
    },
  };
}
