/** Carrying out the faults of a plan, at the instants when its phases begin and end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultProxy, startFaultProxy } from '@bursar/testkit';
import { boundariesOf, type Fault, type Link, type Phase } from './plan.ts';
import type { Stores } from '../subjects/stores.ts';

/** What faults are put into. */
export interface Faulty {
  readonly stores: Pick<Stores, 'redis' | 'postgres'>;
  readonly proxies: Readonly<Record<Link, FaultProxy>>;
}

/** Proxies before both stores; `url` says how to reach a store through its proxy. */
export async function startProxies({ redis, databaseUrl }: Pick<Stores, 'redis' | 'databaseUrl'>) {
  const to = (url: string): Promise<FaultProxy> =>
    startFaultProxy({ host: '127.0.0.1', port: Number(new URL(url).port) });
  const proxies = { redis: await to(redis.url), postgres: await to(databaseUrl) };
  return { proxies, urlThrough };
}

/** `url` with the port of `proxy`. */
function urlThrough(url: string, { port }: Pick<FaultProxy, 'port'>): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}

/** Makes and heals the faults of `phases`, which begin at `startAt` on `now`'s clock. */
export async function makeFaults(
  phases: readonly Phase[],
  faulty: Faulty,
  { startAt, now }: { readonly startAt: number; readonly now: () => number },
): Promise<void> {
  const boundaries = boundariesOf(phases);
  for (const [index, { fault, seconds }] of phases.entries()) {
    if (fault === undefined) continue;
    await sleep(Math.max(0, startAt + (boundaries[index] ?? 0) - now()));
    await begin(fault, faulty);
    const lastsMs = fault.kind === 'loss' ? seconds * 500 : seconds * 1_000;
    await sleep(Math.max(0, startAt + (boundaries[index] ?? 0) + lastsMs - now()));
    await end(fault, faulty);
  }
}

async function begin(fault: Fault, { stores, proxies }: Faulty): Promise<void> {
  switch (fault.kind) {
    case 'redis-away':
      return stores.redis.kill();
    case 'postgres-away':
      return stores.postgres.kill();
    case 'delay':
      return proxies[fault.link].delay(fault.roundTripMs / 2);
    case 'loss':
      return proxies[fault.link].dropReplies();
  }
}

async function end(fault: Fault, { stores, proxies }: Faulty): Promise<void> {
  switch (fault.kind) {
    case 'redis-away':
      return stores.redis.restart();
    case 'postgres-away':
      return stores.postgres.restart();
    case 'delay':
    case 'loss':
      return proxies[fault.link].heal();
  }
}
