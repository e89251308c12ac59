import type { InvariantId } from '../../scenarios/invariants.ts';
import type { Scenario } from '../../scenarios/scenario.ts';
import type { Failure } from './failure.ts';

/** Invariants that a lost wake-up breaks, by the mechanism that lost it. */
const LOST_WAKE_UPS: readonly InvariantId[] = ['A1', 'K1', 'R1'];

/** What threads that wait for ever break in a scenario. */
export function waitingInvariant({ invariants }: Scenario): InvariantId {
  return LOST_WAKE_UPS.find((id) => invariants.includes(id)) ?? 'N1';
}

/** Who waits, and for what. */
export function waitingInWords(
  failure: Exclude<Failure, { kind: 'violation' }> | { readonly kind: 'livelock' },
  threads: readonly string[],
): string {
  if (failure.kind === 'livelock') {
    return 'Livelock: from here on threads take steps for ever, and no order of them leads to an end.';
  }
  const names = failure.waiting.map((thread) => threads[thread]!).join(', ');
  return failure.sleeping
    ? `Lost wake-up: ${names} ${failure.waiting.length > 1 ? 'wait' : 'waits'}, and nobody is left who could wake a sleeper.`
    : `Deadlock: ${names} ${failure.waiting.length > 1 ? 'wait' : 'waits'} for what never comes.`;
}
