import { type HostOps, referenceHost } from '../../host/host-ops.ts';
import type { Knowledge } from './knowledge.ts';

type Operation = (...args: unknown[]) => unknown;

/** A host's operations as calls that leave nothing behind but their value: see {@link Knowledge}. */
export class HostCalls {
  /** The operations to call. */
  readonly calls: HostOps;
  #ops: Record<string, Operation> = {};
  #forgets = true;

  constructor(knowledge: Knowledge) {
    const calls: Record<string, Operation> = {};
    for (const name of Object.keys(referenceHost)) {
      calls[name] = (...args) => {
        const operation = this.#ops[name]!;
        if (!this.#forgets) return operation(...args);
        const call = knowledge.enter();
        const value = operation(...args);
        knowledge.leave(call, value);
        return value;
      };
    }
    this.calls = calls as unknown as HostOps;
  }

  /**
   * From now on these are called.
   *
   * @param forgets whether nobody remembers more of a call than its value
   */
  become(ops: HostOps, forgets: boolean): void {
    this.#ops = ops as unknown as Record<string, Operation>;
    this.#forgets = forgets;
  }
}
