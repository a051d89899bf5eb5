/** Which procedures a request to Bursar calls, for tests that lose some of them: `['meter.extend']`. */
export function proceduresIn(input: Parameters<typeof fetch>[0]): readonly string[] {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  return pathname.slice(pathname.lastIndexOf('/') + 1).split(',');
}
