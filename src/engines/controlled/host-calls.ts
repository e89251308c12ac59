import { type HostOps, referenceHost } from '../../host/host-ops.ts';
import type { Knowledge } from './knowledge.ts';

type Operation = (...args: unknown[]) => unknown;

/** A host's operations as calls that leave nothing behind but their value: see {@link Knowledge}. */
export class HostCalls {
  /** The operations to call. */
  readonly calls: HostOps;
  #ops: Record<string, Operation> = {};
  /** Those of which nobody remembers more than the value. */
  #plain: Record<string, Operation> = {};

  constructor(knowledge: Knowledge) {
    const calls: Record<string, Operation> = {};
    for (const name of Object.keys(referenceHost)) {
      calls[name] = (...args) => {
        const operation = this.#ops[name]!;
        if (operation !== this.#plain[name]) {
          knowledge.keep();
          return operation(...args);
        }
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
   * @param plain those of them of whose calls nobody remembers more than the value: what calls another
   * one may be remembered with it
   */
  become(ops: HostOps, plain: HostOps): void {
    this.#ops = ops as unknown as Record<string, Operation>;
    this.#plain = plain as unknown as Record<string, Operation>;
  }
}
