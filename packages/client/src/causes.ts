/** The chain of causes of an error. */

/** How many causes are followed; chains are short, and a cycle must end. */
const CAUSES_MAX = 8;

/** `error` and what caused it, outermost first. */
export function causesOf(error: unknown): readonly Readonly<Record<string, unknown>>[] {
  const causes: Readonly<Record<string, unknown>>[] = [];
  let next = error;
  while (typeof next === 'object' && next !== null && causes.length < CAUSES_MAX) {
    const cause = next as Readonly<Record<string, unknown>>;
    causes.push(cause);
    next = cause['cause'];
  }
  return causes;
}
