const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

/** A whole number with thousands separators, such as `1,234,567`. */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** A number to three digits, such as `1.23M`. */
export function compact(value: number): string {
  return COMPACT.format(value);
}

/** Part of a whole, to the hundredth of a percent; what is neither none nor all never looks like it. */
export function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0.00%';
  if (part === whole) return '100.00%';
  const value = (100 * part) / whole;
  if (value < 0.01) return '<0.01%';
  if (value > 99.99) return '>99.99%';
  return `${value.toFixed(2)}%`;
}

/** A span of time, such as `12 ms`, `3.4 s` or `2 min 5 s`. */
export function span(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 119.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A count with its noun, such as `1 twin` or `12 twins`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
