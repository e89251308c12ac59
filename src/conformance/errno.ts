/** An ioctl's answer as the C library tells it: errors as −1 and a number. */
export function errnoOf(result: number): { readonly rc: number; readonly errno: number } {
  return result < 0 ? { rc: -1, errno: -result } : { rc: result, errno: 0 };
}
