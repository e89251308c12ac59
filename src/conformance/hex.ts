/** How recordings write bytes: hex digits, lowest address first. */
export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The same the other way round. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** How recordings write numbers: `0x` and hex digits. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** So many bytes of one value, as {@link hexOfBytes} writes them. */
export function filled(byte: number, bytes: number): string {
  return hexOfBytes(new Uint8Array(bytes).fill(byte));
}
