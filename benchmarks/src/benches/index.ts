/** Every benchmark. */
import type { Bench } from '../harness/bench.ts';
import { decision } from './decision.ts';
import { directDb } from './direct-db.ts';
import { engine } from './engine.ts';
import { growth } from './growth.ts';
import { ledger } from './ledger.ts';
import { limiters } from './limiters.ts';
import { link } from './link.ts';
import { sdk } from './sdk.ts';
import { server } from './server.ts';
import { memory } from './memory.ts';
import { redisTier } from './redis-tier.ts';

export const BENCHES: readonly Bench[] = [
  engine,
  redisTier,
  decision,
  limiters,
  directDb,
  ledger,
  server,
  link,
  sdk,
  memory,
  growth,
];
