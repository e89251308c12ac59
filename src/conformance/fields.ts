import * as v from 'valibot';

/** The fields that rows are made of, as valibot checks them. Extra fields are let be. */

/** A 64-bit value or an address: `0x` and hex digits, as a bigint. */
export const hexNumber = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{1,16}$/i, 'Expected 0x and up to 16 hex digits'),
  v.transform((text) => BigInt(text)),
);

/** The same, small enough for a number: an MSR index, a 32-bit word. */
export const hexWord = v.pipe(hexNumber, v.maxValue(0xffff_ffffn), v.transform(Number));

/** A time: decimal digits, as a bigint. */
export const nanoseconds = v.pipe(
  v.string(),
  v.regex(/^-?\d+$/, 'Expected decimal digits'),
  v.transform((text) => BigInt(text)),
);

/** Bytes: pairs of hex digits, lowest address first. */
export const hexBytes = v.pipe(
  v.string(),
  v.regex(/^([0-9a-f]{2})*$/i, 'Expected pairs of hex digits'),
  v.toLowerCase(),
);

export const irqchip = v.picklist(['none', 'kernel', 'split']);
export const initiated = v.picklist(['host', 'guest']);

/** What a tag says: that the row is specific to the recorded machine, and in which way. */
export const tag = v.optional(v.string());
