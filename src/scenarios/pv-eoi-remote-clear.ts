import { pvEoiStorm } from './pv-eoi-storm.ts';
import type { Scenario } from './scenario.ts';

/**
 * The storm again, for adversaries: hosts whose other threads touch a vCPU's PV EOI word. The reference
 * never does; the guest's unlocked test-and-clear has no defence against it.
 */
export const pvEoiRemoteClear: Scenario = {
  ...pvEoiStorm,
  name: 'pv-eoi-remote-clear',
  summary: 'The same storm, where an adversary host clears the PV EOI word from another thread.',
  invariants: ['E4', 'E1'],
};
