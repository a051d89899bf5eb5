/** Every benchmark. */
import type { Bench } from '../harness/bench.ts';
import { engine } from './engine.ts';
import { redisTier } from './redis-tier.ts';

export const BENCHES: readonly Bench[] = [engine, redisTier];
