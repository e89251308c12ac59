export { type FindScheduleOptions, findSchedule } from './find-schedule.ts';
export { replay } from './replay.ts';
export { formatReplay, parseReplay, type Replay } from './replay-file.ts';
