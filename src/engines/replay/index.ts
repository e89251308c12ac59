export { type FindScheduleOptions, findSchedule } from './find-schedule.ts';
export { type ReplayOptions, replay } from './replay.ts';
export { formatReplay, parseReplay, type Replay } from './replay-file.ts';
