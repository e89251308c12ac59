export { replay } from './replay.ts';
export { formatReplay, parseReplay, type Replay } from './replay-file.ts';
