export {
  type InterruptLimits,
  type InterruptPattern,
  interruptPatterns,
} from './interrupt-patterns.ts';
export { type MachineLimits, machines } from './machines.ts';
export { type ScheduleLimits, schedules } from './schedules.ts';
