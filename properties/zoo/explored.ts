import type { ExecutionContext } from 'ava';
import type { ModelName } from '../../src/engines/controlled/models/memory-model.ts';
import { type Verified, verifyHere } from '../../src/engines/verify/verify-here.ts';
import { findScenario } from '../../src/scenarios/index.ts';
import { findMutant } from '../../src/zoo/index.ts';

/** More than any of these instances needs. */
export const LIMITS = { maxStates: 300_000, maxBytes: 2 ** 30 };

/** A twin on its own small instance, in every interleaving. */
export function exploreTwin(id: string, model: ModelName): Verified {
  const mutant = findMutant(id);
  return verifyHere({ scenario: findScenario(mutant.scenario), mutant, model }, LIMITS);
}

/** The twin falls to the invariant that its row names first. */
export function falls(t: ExecutionContext, id: string, model: ModelName): void {
  const { failure, kind } = exploreTwin(id, model);
  const broken = failure?.kind === 'violation' ? failure.invariant : kind;
  t.is<string, string>(broken, findMutant(id).invariants[0]!, `${id} under ${model}`);
}

/** The reference, on the instance of a scenario or on that of a twin, holds in every interleaving. */
export function holds(t: ExecutionContext, name: string, model: ModelName, twin?: string): void {
  const { machine, controlled } = twin === undefined ? {} : findMutant(twin);
  const spec = {
    scenario: findScenario(name),
    model,
    ...(machine === undefined ? {} : { machine }),
    ...(controlled === undefined ? {} : { controlled }),
  };
  const { kind, failure } = verifyHere(spec, LIMITS);
  t.is(kind, 'all', `${name} under ${model}: ${JSON.stringify(failure)}`);
}
