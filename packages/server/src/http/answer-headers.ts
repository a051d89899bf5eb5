/** What every answer of the HTTP server says in its headers: nothing here is a page, a script or worth keeping. */

/** By name. */
export const SECURITY_HEADERS: ReadonlyMap<string, string> = new Map([
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
]);
