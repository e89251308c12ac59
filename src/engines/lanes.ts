/** Runs something for 0 … `count` − 1, up to so many at a time, each lane taking the next that is left. */
export async function inLanes(
  count: number,
  lanes: number,
  run: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
}
