/** Numbers from 0 to below 1 that are the same in every run (Lehmer's generator, 48,271 modulo 2^31 − 1). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
