import type { HostThread, Program } from './scenario.ts';

/**
 * A worker of the host (`async_pf_execute` on a workqueue): brings pages in until the vCPUs have done a
 * step more.
 *
 * @param steps place in the ledger of the number of steps that they have done
 */
export function serveFaults({ kvm, ledger, idle }: HostThread, steps: number): Program {
  let seen = 0;
  return {
    step() {
      while (ledger.load32(steps) === seen) {
        if (kvm.ops.runAsyncPfWorker(kvm)) idle();
        else kvm.cpu.relax();
      }
      seen = ledger.load32(steps);
    },
  };
}
