import type { MemoryModel, ModelName, StateShape } from './memory-model.ts';
import { SequentialConsistency } from './sc.ts';

/** The memory model of that name over a state of that shape. */
export function makeModel(_name: ModelName, shape: StateShape): MemoryModel {
  return new SequentialConsistency(shape);
}
