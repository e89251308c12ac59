import type { MemoryModel, ModelName, StateShape } from './memory-model.ts';
import { SequentialConsistency } from './sc.ts';
import { TotalStoreOrder } from './tso.ts';
import { WeakMemory } from './weak/weak.ts';

/** The memory model of that name over a state of that shape. */
export function makeModel(name: ModelName, shape: StateShape): MemoryModel {
  if (name === 'tso') return new TotalStoreOrder(shape);
  if (name === 'weak') return new WeakMemory(shape);
  return new SequentialConsistency(shape);
}
