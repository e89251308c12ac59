import { workloadNames } from '../engines/bench/workload-names.ts';
import { scenarios } from '../scenarios/index.ts';
import { mutants } from '../zoo/index.ts';
import type { Library } from './library.ts';

/** The library of this package. Engines are loaded when they are first used, so that `--help` is quick. */
export const installedLibrary: Library = {
  scenarios,
  mutants,
  async stress(options) {
    const { stress } = await import('../engines/stress/index.ts');
    return stress(options);
  },
  async verify(options) {
    const { verify } = await import('../engines/verify/index.ts');
    return verify(options);
  },
  async replay(text, signal) {
    const { replay } = await import('../engines/replay/index.ts');
    return replay(text, signal);
  },
  async findSchedule(broken, options) {
    const { findSchedule } = await import('../engines/replay/index.ts');
    return findSchedule(broken, options);
  },
  async sample(options) {
    const { sample } = await import('../engines/sample/index.ts');
    return sample(options);
  },
  async describeScenario(module) {
    const { scenarioOf } = await import('../engines/scenario-of.ts');
    return scenarioOf(module.href, {});
  },
  workloadNames,
  async bench(options) {
    const { bench } = await import('../engines/bench/index.ts');
    return bench(options);
  },
  async guestRoles(guest) {
    const { guestRoles } = await import('../engines/stress/index.ts');
    return guestRoles(guest);
  },
  async diagnose() {
    const { diagnose } = await import('../engines/stress/doctor.ts');
    return diagnose();
  },
  async conform(file) {
    const { conformFile } = await import('../conformance/conform-file.ts');
    return conformFile(file);
  },
};
