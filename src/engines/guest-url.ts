import { pathToFileURL } from 'node:url';

/** URL of a guest or scenario module that was named by path or URL. */
export function guestUrl(guest: string | URL): string {
  if (guest instanceof URL) return guest.href;
  return /^(file|data):/.test(guest) ? guest : pathToFileURL(guest).href;
}
