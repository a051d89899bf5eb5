/** Windows that begin at multiples of their length since 1970: the same for everybody, whoever takes first. */

/** Where the window that contains `atMs` begins. */
export function windowAt(windowMs: number, atMs: number): number {
  return atMs - (atMs % windowMs);
}
