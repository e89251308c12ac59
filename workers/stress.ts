import { setFlagsFromString } from 'node:v8';
import { loadGuest } from '../src/engines/guest-module.ts';
import { printToStderr } from '../src/engines/own-output.ts';
import { describeScenario, loadScenario } from '../src/engines/scenario-module.ts';
import type { ScenarioInspection, ScenarioQuestion } from '../src/engines/scenario-of.ts';
import type { GuestInspection } from '../src/engines/stress/guest-roles.ts';
import type { ThreadReport, ThreadTask } from '../src/engines/stress/task.ts';
import { raceThread } from '../src/engines/stress/thread/race-thread.ts';
import type { RoleName } from '../src/guest/roles.ts';

// A role makes a dozen port calls; V8's default budget inlines half of them.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');

printToStderr();

/** One thread of a stress run. */
export default function stressWorker(task: ThreadTask): Promise<ThreadReport> {
  return raceThread(task);
}

/** What a scenario module defines. */
export async function inspectScenario({
  scenario,
  differs,
}: ScenarioQuestion): Promise<ScenarioInspection> {
  try {
    return {
      kind: 'scenario',
      description: describeScenario(await loadScenario(scenario), differs),
    };
  } catch (error) {
    return { kind: 'failure', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Which roles a guest module exports. */
export async function inspectGuest({ guest }: { guest: string }): Promise<GuestInspection> {
  try {
    return { kind: 'roles', roles: Object.keys(await loadGuest(guest)) as RoleName[] };
  } catch (error) {
    return { kind: 'failure', message: error instanceof Error ? error.message : String(error) };
  }
}
