/** What a recorder puts into an area beforehand: one byte throughout, then a version. */
export function prefilled(
  bytes: number,
  byte: number,
  versionOffset: number,
  version: number,
): Uint8Array {
  const area = new Uint8Array(bytes).fill(byte);
  new DataView(area.buffer).setUint32(versionOffset, version, true);
  return area;
}
