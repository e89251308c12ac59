export type { AccessDiagnosis, Diagnosis } from './diagnosis.ts';
export { diagnose } from './doctor.ts';
export { guestRoles } from './guest-roles.ts';
export type { StressOptions, StressProgress } from './options.ts';
export { closePools } from './pool.ts';
export { stress } from './stress.ts';
