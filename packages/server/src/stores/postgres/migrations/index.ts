/** Every migration, in order of its name. Forward only: a mistake is mended by a later one. */
import type { Migration } from 'kysely/migration';
import { up as accounts } from './0001-accounts.ts';
import { up as serviceTokens } from './0002-service-tokens.ts';
import { up as leases } from './0003-leases.ts';
import { up as processLeases } from './0004-process-leases.ts';
import { up as resolutions } from './0005-resolutions.ts';
import { up as policies } from './0006-policies.ts';
import { up as limiters } from './0007-limiters.ts';
import { up as ownKeys } from './0008-own-keys.ts';
import { up as carries } from './0009-carries.ts';
import { up as leanRows } from './0010-lean-rows.ts';
import { up as forgottenCalls } from './0011-forgotten-calls.ts';
import { up as entriesInOrder } from './0012-entries-in-order.ts';

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-accounts': { up: accounts },
  '0002-service-tokens': { up: serviceTokens },
  '0003-leases': { up: leases },
  '0004-process-leases': { up: processLeases },
  '0005-resolutions': { up: resolutions },
  '0006-policies': { up: policies },
  '0007-limiters': { up: limiters },
  '0008-own-keys': { up: ownKeys },
  '0009-carries': { up: carries },
  '0010-lean-rows': { up: leanRows },
  '0011-forgotten-calls': { up: forgottenCalls },
  '0012-entries-in-order': { up: entriesInOrder },
};
