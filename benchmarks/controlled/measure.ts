import { draw } from './draw.ts';
import type { Effort } from './effort.ts';
import { exhaust } from './exhaust.ts';
import type { Figure } from './figure.ts';
import { find } from './find.ts';
import { spin } from './spin.ts';
import { start } from './start.ts';

/** Measures everything; tells each figure as it comes. */
export async function measureControlled(
  effort: Effort,
  onFigure: (figure: Figure) => void,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const tell = (figure: Figure): void => {
    figures.push(figure);
    onFigure(figure);
  };
  // First, because its first figure is that of a process that has done nothing yet.
  for (const figure of find(effort)) tell(figure);
  for (const figure of draw(effort)) tell(figure);
  for (const figure of start(effort)) tell(figure);
  for (const figure of exhaust(effort)) tell(figure);
  await spin(effort, [...figures], tell);
  return figures;
}
