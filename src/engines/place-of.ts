/** Where this package's own code is. */
const HERE = new URL('../../', import.meta.url).href;

/** What an error says and where in a user's module it was thrown, without a full stop. */
export function withPlace(error: Error): string {
  return error.message.replace(/\.$/, '') + placeOf(error);
}

/** Where in a user's module an error was thrown: the first line of its stack that is not this package's. */
function placeOf(error: Error): string {
  const places = error.stack?.match(/(?:file|data):\S+?:\d+(?=:\d+)/g) ?? [];
  const place = places.find((one) => !one.startsWith(HERE));
  if (place === undefined) return '';
  return place.startsWith('data:') ? ` at line ${place.match(/\d+$/)![0]}` : ` at ${place}`;
}
