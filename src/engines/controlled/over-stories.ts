import type { Scenario } from '../../scenarios/scenario.ts';
import { type Story, storiesOf } from '../../zoo/stories.ts';
import type { ScenarioResult } from '../result.ts';
import type { InstanceOptions } from './instance.ts';

/** What was asked of an engine that explores. */
interface Wanted extends InstanceOptions {
  readonly mutant?: string;
  readonly guest?: string | URL;
  readonly without?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * A guest or a host of the user's that has passed the small instance of a scenario goes through those
 * instances too that show the scenario's twins: nobody knows in which of them its mistake would show. One that
 * cannot be explored to its end takes nothing from the pass; the result names those that were.
 *
 * @param first what the scenario's own instance came to
 * @param run explores another one, of so many
 */
export async function overStories(
  scenario: Scenario,
  wanted: Wanted,
  first: ScenarioResult,
  run: (story: Omit<Story, 'twin'>, stories: number) => Promise<ScenarioResult>,
): Promise<ScenarioResult> {
  const reference = referenceOf(scenario, wanted);
  if (first.verdict !== 'pass' || reference === undefined) return first;
  const stories = storiesOf(reference);
  const also: string[] = [];
  const cutOff: string[] = [];
  let [seconds, states, transitions] = [first.seconds, first.states, first.transitions];
  for (const { twin, ...story } of stories) {
    const result = await run(story, stories.length);
    seconds += result.seconds;
    states = sum(states, result.states);
    transitions = sum(transitions, result.transitions);
    const all = {
      seconds,
      ...(states === undefined ? {} : { states }),
      ...(transitions === undefined ? {} : { transitions }),
    };
    if (result.verdict === 'pass') also.push(twin);
    else if (result.verdict === 'incomplete' && wanted.signal?.aborted !== true) cutOff.push(twin);
    else return { ...result, ...all, instance: { ...result.instance, story: twin } };
  }
  return {
    ...first,
    seconds,
    ...(states === undefined ? {} : { states }),
    ...(transitions === undefined ? {} : { transitions }),
    instance: {
      ...first.instance,
      ...(also.length === 0 ? {} : { 'stories besides': also.join(' ') }),
      ...(cutOff.length === 0 ? {} : { 'stories cut off': cutOff.join(' ') }),
    },
  };
}

/** The scenario of the catalogue whose instances are open: a twin has its story, and so has who chose one. */
function referenceOf(scenario: Scenario, wanted: Wanted): string | undefined {
  const { mutant, guest, without, vcpus, machine, steps, clockSteps, controlled } = wanted;
  const chosen = [mutant, without, vcpus, machine, steps, clockSteps, controlled];
  if (chosen.some((one) => one !== undefined)) return undefined;
  const isFromCatalogue = scenario.keepsState === undefined;
  return isFromCatalogue && guest !== undefined ? scenario.name : scenario.reference;
}

function sum(some: number | undefined, more: number | undefined): number | undefined {
  return some === undefined || more === undefined ? some : some + more;
}
