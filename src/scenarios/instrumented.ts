import { type HostOps, referenceHost } from '../host/host-ops.ts';
import type { HostThread, Scenario } from './scenario.ts';
import { describe, isRecord } from './shape.ts';

const OPERATIONS = Object.keys(referenceHost);

/** The operations of a host as a scenario wraps them. @throws TypeError where some are gone */
export function instrumented(scenario: Scenario, ops: HostOps, thread: HostThread): HostOps {
  if (scenario.instrument === undefined) return ops;
  const wrapped: unknown = scenario.instrument(ops, thread);
  const expected = 'Expected instrument to return all operations, as in { ...ops, publishClock }';
  if (!isRecord(wrapped)) throw new TypeError(`${expected}, got ${describe(wrapped)}.`);
  const gone = OPERATIONS.find((name) => typeof wrapped[name] !== 'function');
  if (gone !== undefined)
    throw new TypeError(`${expected}, got ${describe(wrapped[gone])} as ${gone}.`);
  return wrapped as unknown as HostOps;
}
