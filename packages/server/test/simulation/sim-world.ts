/**
 * A whole history from one seed: servers, a Redis, an authority, callers that spend at a provider, and
 * accidents. An observer that sees everything knows what was really spent, and compares it with the limits at
 * every call that leaves for the provider; when all is healed and quiet, it compares the books.
 */
import {
  type AccountId,
  type Amount,
  accountId,
  amount,
  type BudgetId,
  budgetId,
  type DurationMs,
  type Fingerprint,
  isBursarError,
  MONTHLY_UTC,
  type Outcome,
  outstanding,
  type Period,
  periodAt,
  type ReservationId,
  reservationId,
  roomIn,
  tenantId,
} from '@bursar/core';
import { MemoryAuthority } from '@bursar/testkit';
import type { Mutation } from './mutations.ts';
import { SimRandom } from './sim-random.ts';
import { SimRedis } from './sim-redis.ts';
import { SimServer } from './sim-server.ts';
import { SimTime } from './sim-time.ts';

/** What a history is made of. */
export interface WorldOptions {
  readonly seed: number;
  /** How long accidents happen, in simulated milliseconds. */
  readonly lengthMs?: number;
  /** Mean time between two accidents. */
  readonly faultEveryMs?: number;
  /** Breaks something on purpose: the history must notice. */
  readonly mutation?: Mutation | undefined;
}

/** What came out. No violations: the promises held. */
export interface WorldReport {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Acknowledged settlements that two coincident losses took; no promise covers those. */
  readonly excused: number;
  /** How often each recovery path was taken. */
  readonly reached: Readonly<Record<string, number>>;
}

const TENANT = tenantId('sim');
const USERS = ['ann', 'bob', 'cyd'];
const LIMIT = amount(20_000);
const TEAM_LIMIT = amount(45_000);
const SERVERS = 3;
const TTL_MS = 60_000 as DurationMs;
const HEARTBEAT_TTL_MS = 20_000 as DurationMs;

/** A call as the observer knows it. */
interface Truth {
  readonly id: ReservationId;
  readonly budgets: readonly BudgetId[];
  readonly held: number;
  readonly cost: number;
  accounts: readonly AccountId[];
  isSpent: boolean;
  /** Who acknowledged its settlement, and when. */
  acknowledged: { readonly by: SimServer; readonly atMs: number } | undefined;
  /** Whether it asked for an answer from the ledger, which no accident takes back. */
  readonly ack: 'journal' | 'ledger';
  /** Whether its caller died and will never settle. */
  isAbandoned: boolean;
}

/** One history. */
export class World {
  readonly #options: WorldOptions;
  readonly #time = new SimTime();
  readonly #random: SimRandom;
  readonly #redis: SimRedis;
  readonly #authority: MemoryAuthority;
  readonly #servers: SimServer[] = [];
  readonly #dead: SimServer[] = [];
  readonly #truth = new Map<ReservationId, Truth>();
  readonly #spentOn = new Map<AccountId, number>();
  /** The highest limit that each account has had. */
  readonly #limits = new Map<AccountId, number>();
  readonly #violations: string[] = [];
  readonly #faults: Record<string, number> = {};
  readonly #lossesAtMs: number[] = [];
  #excused = 0;
  #isAuthorityUp = true;
  #isRough = true;
  #ids = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = new SimRandom(options.seed);
    this.#redis = new SimRedis(this.#time);
    this.#authority = new MemoryAuthority({ clock: this.#time, defaultLimit: LIMIT });
    options.mutation?.authority?.(this.#authority);
  }

  /** Runs the history to its quiet end. */
  async run(): Promise<WorldReport> {
    const { lengthMs = 60_000 } = this.#options;
    const startMs = this.#time.nowMs();
    await this.#authority.execute({
      kind: 'setLimit',
      leg: this.#legOf(budgetId(TENANT, { kind: 'team', name: 'all' })),
      limit: TEAM_LIMIT,
      detail: null,
    });
    for (let index = 0; index < SERVERS; index += 1) this.#startServer(index);
    this.#every(500, () => this.#redis.snapshot());
    this.#nextCall();
    this.#nextFault();
    await this.#time.runUntil(startMs + lengthMs);
    await this.#heal();
    // Everything that was open ends, every lease that is doubtful is closed.
    await this.#time.runUntil(startMs + lengthMs + 60_000);
    this.#isRough = false;
    await this.#time.runUntil(startMs + lengthMs + 60_000 + TTL_MS + SETTLE_DOWN_MS);
    await this.#checkBooks();
    await this.#checkLiveness();
    return {
      seed: this.#options.seed,
      violations: this.#violations,
      calls: this.#truth.size,
      faults: this.#faults,
      excused: this.#excused,
      reached: this.#reached(),
    };
  }

  // Servers.

  #startServer(index: number): void {
    const random = this.#random;
    const server = new SimServer({
      name: `server-${index}`,
      time: this.#time,
      random,
      redis: this.#redis,
      authority: this.#authority,
      isAuthorityUp: () => this.#isAuthorityUp,
      clockOffMs: random.whole(-1_500, 1_500),
      newId: () => this.#newId(),
    });
    server.toRedis.lossy = { request: 0.004, reply: 0.008, twice: 0.004 };
    server.toAuthority.lossy = { request: 0.002, reply: 0.006, twice: 0.002 };
    this.#options.mutation?.server?.(server);
    this.#servers[index] = server;
  }

  #anyServer(): SimServer {
    return this.#random.pick(this.#servers);
  }

  // Callers.

  #nextCall(): void {
    this.#time.after(this.#random.whole(10, 120), () => {
      if (!this.#isRough) return;
      void this.#call();
      this.#nextCall();
    });
  }

  async #call(): Promise<void> {
    const random = this.#random;
    const user = budgetId(TENANT, { kind: 'user', name: random.pick(USERS) });
    const team = budgetId(TENANT, { kind: 'team', name: 'all' });
    const budgets = random.chance(0.5) ? [user, team] : [random.chance(0.8) ? user : team];
    const held = random.whole(50, 600);
    const truth: Truth = {
      id: reservationId(TENANT, this.#newId()),
      budgets,
      held,
      cost: random.chance(0.3) ? held : random.whole(0, held),
      accounts: [],
      isSpent: false,
      acknowledged: undefined,
      ack: random.chance(0.2) ? 'ledger' : 'journal',
      isAbandoned: random.chance(0.05),
    };
    const legs = budgets.map((budget) => this.#legOf(budget));
    const outcome = await this.#persist(4, (server) =>
      server.tier.execute({
        kind: 'reserve',
        reservation: truth.id,
        fingerprint: 'same' as Fingerprint,
        legs,
        amount: amount(held),
        ttlMs: TTL_MS,
        terms: null,
      }),
    );
    if (outcome?.outcome !== 'applied' || outcome.state !== 'reserved') return;
    // Some callers die before they call the provider.
    if (truth.isAbandoned && random.chance(0.4)) return;
    this.#truth.set(truth.id, truth);
    truth.accounts = legs.map(({ account }) => account);
    this.#spend(truth);
    this.#beat(truth, true);
    const tookMs = random.chance(0.1) ? random.whole(5_000, 30_000) : random.whole(20, 3_000);
    for (let ms = 5_000; ms < tookMs; ms += 5_000) {
      this.#time.after(ms, () => this.#beat(truth, true));
    }
    await this.#pause(tookMs);
    if (truth.isAbandoned) return;
    let asked: SimServer | undefined;
    const settled = await this.#persist(400, (server) => {
      asked = server;
      return server.tier.execute({
        kind: 'settle',
        reservation: truth.id,
        cost: amount(truth.cost),
        final: true,
        ack: truth.ack,
        adopt: { legs, terms: null },
        detail: null,
      });
    });
    if (settled?.outcome === 'applied' && asked !== undefined) {
      truth.acknowledged = { by: asked, atMs: this.#time.nowMs() };
    } else if (settled?.outcome === 'rejected') {
      this.#violation(`${truth.id}: settling was refused: ${settled.code}`);
    }
  }

  /** The call leaves for the provider, which will bill it. */
  #spend(truth: Truth): void {
    truth.isSpent = true;
    for (const account of truth.accounts) {
      const spent = (this.#spentOn.get(account) ?? 0) + truth.cost;
      this.#spentOn.set(account, spent);
      const limit = this.#limits.get(account) ?? 0;
      if (spent > limit) {
        this.#violation(`${account}: ${spent} spent of ${limit} at ${this.#time.nowMs()}`);
      }
    }
  }

  #beat(truth: Truth, dispatched: boolean): void {
    this.#anyServer()
      .tier.execute({
        kind: 'extend',
        reservation: truth.id,
        amount: null,
        ttlMs: HEARTBEAT_TTL_MS,
        dispatched,
      })
      .catch((error: unknown) => {
        if (!isBursarError(error)) throw error;
      });
  }

  /** Asks one server after the other until one answers. */
  async #persist(
    tries: number,
    ask: (server: SimServer) => Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    for (let turn = 0; turn < tries; turn += 1) {
      const server = this.#anyServer();
      try {
        return await Promise.race([ask(server), this.#giveUp(3_000)]);
      } catch (error) {
        if (!isBursarError(error) && !(error instanceof GaveUp)) throw error;
      }
      await this.#pause(this.#random.whole(50, 500));
    }
    return undefined;
  }

  #giveUp(ms: number): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#time.after(ms, () => reject(new GaveUp()));
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.after(ms, resolve));
  }

  // Accidents.

  #nextFault(): void {
    const { faultEveryMs = 2_500 } = this.#options;
    this.#time.after(this.#random.whole(0, 2 * faultEveryMs), () => {
      if (!this.#isRough) return;
      void this.#fault();
      // Trouble comes in pairs.
      if (this.#random.chance(0.3)) void this.#fault();
      this.#nextFault();
    });
  }

  async #fault(): Promise<void> {
    const random = this.#random;
    const server = this.#anyServer();
    const forMs = random.whole(100, 6_000);
    const later = (undo: () => void): void => void this.#time.after(forMs, undo);
    const faults: Record<string, () => void | Promise<void>> = {
      'server killed': () => {
        const index = this.#servers.indexOf(server);
        server.kill();
        this.#dead.push(server);
        later(() => this.#startServer(index));
      },
      'server stopped': () => server.stopFor(forMs),
      'redis restarted empty': () => this.#redis.restart(false),
      'redis restarted with its data': () => this.#redis.restart(true),
      'redis away': () => {
        const store = this.#redis.primary;
        store.isUp = false;
        later(() => {
          store.isUp = true;
        });
      },
      'redis failed over to a lagging replica': () => void this.#redis.failOver(random.whole(0, 4)),
      'split brain': () => {
        const old = this.#redis.failOver(random.whole(0, 2));
        for (const other of this.#servers) if (random.chance(0.5)) other.stuckOn = old;
        later(() => {
          old.isUp = false;
          for (const other of this.#servers) if (other.stuckOn === old) other.stuckOn = undefined;
        });
      },
      'redis flushed': () => this.#redis.flush(),
      'copy deleted': () => {
        const account = accountId(
          budgetId(TENANT, { kind: 'user', name: random.pick(USERS) }),
          this.#period(),
        );
        this.#redis.primary.copies.forget(account);
      },
      'redis full': () => {
        const store = this.#redis.primary;
        store.isFull = true;
        later(() => {
          store.isFull = false;
        });
      },
      'link to redis cut': () => this.#break(server.toRedis, 'cut', later),
      'link to redis silent': () => this.#break(server.toRedis, 'blackhole', later),
      'answers of redis lost': () => this.#break(server.toRedis, 'one-way', later),
      'redis slow': () => {
        server.toRedis.slowMs = random.whole(20, 120);
        later(() => {
          server.toRedis.slowMs = 0;
        });
      },
      'link to the authority cut': () => this.#break(server.toAuthority, 'cut', later),
      'answers of the authority lost': () => this.#break(server.toAuthority, 'one-way', later),
      'authority away': () => {
        this.#isAuthorityUp = false;
        later(() => {
          this.#isAuthorityUp = true;
        });
      },
      'limit changed': () => this.#changeLimit(),
    };
    const name = random.pick(Object.keys(faults));
    if (LOSING.has(name)) this.#lossesAtMs.push(this.#time.nowMs());
    this.#faults[name] = (this.#faults[name] ?? 0) + 1;
    await faults[name]?.();
  }

  #break(
    link: SimServer['toRedis'],
    fault: SimServer['toRedis']['fault'],
    later: (undo: () => void) => void,
  ): void {
    link.fault = fault;
    later(() => {
      link.fault = 'none';
    });
  }

  /**
   * Raised or lowered. A lowered limit stops new admissions and takes back what it can, but what is out is out:
   * the observer goes on with the highest limit there was.
   */
  async #changeLimit(): Promise<void> {
    const budget = budgetId(TENANT, { kind: 'user', name: this.#random.pick(USERS) });
    const leg = this.#legOf(budget);
    const highest = this.#limits.get(leg.account) ?? LIMIT;
    const limit = amount(highest + this.#random.whole(-4_000, 2_000));
    // A limit that may have been set already counts from the moment it is asked for.
    this.#limits.set(leg.account, Math.max(limit, highest));
    await this.#persist(50, (server) =>
      server.tier.execute({ kind: 'setLimit', leg, limit, detail: null }),
    );
  }

  async #heal(): Promise<void> {
    this.#isAuthorityUp = true;
    const { primary } = this.#redis;
    primary.isUp = true;
    primary.isFull = false;
    for (const [index, server] of this.#servers.entries()) {
      server.stuckOn = undefined;
      for (const link of [server.toRedis, server.toAuthority]) {
        link.fault = 'none';
        link.slowMs = 0;
        link.lossy = { request: 0, reply: 0, twice: 0 };
      }
      if (!server.isAlive) {
        this.#startServer(index);
        const again = this.#servers[index];
        if (again !== undefined) again.toRedis.lossy = { request: 0, reply: 0, twice: 0 };
        if (again !== undefined) again.toAuthority.lossy = { request: 0, reply: 0, twice: 0 };
      }
    }
    // No new calls and no new accidents from here on; those that run go on.
    this.#isRough = false;
  }

  // Checks.

  async #checkBooks(): Promise<void> {
    for (const truth of this.#truth.values()) {
      const snapshot = await this.#authority.reservation(truth.id);
      const isBooked = snapshot?.state === 'settled' && snapshot.spent === truth.cost;
      if (truth.acknowledged !== undefined && !isBooked) {
        if (this.#isDoubleFailure(truth)) continue;
        this.#violation(
          `${truth.id}: ${truth.cost} was acknowledged, the books say ${snapshot?.state} ${snapshot?.spent}`,
        );
      }
      if (snapshot?.state === 'reserved') this.#violation(`${truth.id}: still open`);
      if (!truth.isSpent && (snapshot?.spent ?? 0) > 0) {
        this.#violation(`${truth.id}: charged for a call that never happened`);
      }
    }
    for (const [id] of this.#limits) {
      const account = await this.#authority.account(id);
      if (account === undefined) continue;
      const leases = [...this.#authority.books.everyLease()].filter(
        (lease) => lease.account === id,
      );
      const leased = leases.reduce((sum, lease) => sum + outstanding(lease), 0);
      if (leased !== account.leased)
        this.#violation(`${id}: leased ${account.leased}, leases ${leased}`);
      if (account.reserved !== 0) this.#violation(`${id}: ${account.reserved} still reserved`);
      for (const lease of leases) {
        if (lease.state === 'suspect') this.#violation(`${id}: lease ${lease.id} is still suspect`);
        if (lease.state !== 'live') continue;
        const copy = this.#redis.primary.copies.copies().find((other) => other.lease === lease.id);
        if (copy === undefined) continue;
        if (copy.reserved !== 0) this.#violation(`${id}: the copy still holds ${copy.reserved}`);
        if (copy.settled !== lease.settled) {
          this.#violation(`${id}: the copy settled ${copy.settled}, the ledger ${lease.settled}`);
        }
        if (roomIn(copy) > outstanding(lease)) {
          this.#violation(
            `${id}: the copy may spend ${roomIn(copy)}, its lease ${outstanding(lease)}`,
          );
        }
      }
      const limit = this.#limits.get(id) ?? 0;
      if (account.settled + account.leased > limit) {
        this.#violation(`${id}: ${account.settled} + ${account.leased} of ${limit}`);
      }
    }
  }

  /**
   * Whether both places that had an acknowledged settlement were lost before the ledger had it: the server
   * that acknowledged, and the data in Redis. No promise covers that, and an answer from the ledger does.
   */
  #isDoubleFailure({ acknowledged, ack }: Truth): boolean {
    if (acknowledged === undefined || ack === 'ledger') return false;
    const { by, atMs } = acknowledged;
    const untilMs = by.endedAtMs ?? Infinity;
    if (untilMs - atMs > AT_RISK_MS) return false;
    const isLost = this.#lossesAtMs.some(
      (lostMs) => lostMs >= atMs - AT_RISK_MS && lostMs <= untilMs + AT_RISK_MS,
    );
    if (isLost) this.#excused += 1;
    return isLost;
  }

  /** A user with money left is admitted, now that all is well. */
  async #checkLiveness(): Promise<void> {
    for (const name of USERS) {
      const leg = this.#legOf(budgetId(TENANT, { kind: 'user', name }));
      const account = await this.#authority.account(leg.account);
      const left = (account?.limit ?? LIMIT) - (account?.settled ?? 0);
      if (left < 100) continue;
      let answer: Outcome | undefined;
      void this.#persist(5, (server) =>
        server.tier.execute({
          kind: 'reserve',
          reservation: reservationId(TENANT, this.#newId()),
          fingerprint: 'live' as Fingerprint,
          legs: [leg],
          amount: 100 as Amount,
          ttlMs: 1_000 as DurationMs,
          terms: null,
        }),
      ).then((outcome) => {
        answer = outcome;
      });
      await this.#time.runUntil(this.#time.nowMs() + 20_000);
      if (answer?.outcome !== 'applied') {
        this.#violation(`${name}: has ${left} left and is answered ${answer?.outcome}`);
      }
    }
  }

  #reached(): Record<string, number> {
    const totals: Record<string, number> = {};
    for (const server of [...this.#servers, ...this.#dead]) {
      for (const counts of [
        server.gate.counts,
        server.tier.counts,
        server.tier.desk.counts,
        server.sync.counts,
        server.outage.counts,
      ]) {
        for (const [name, count] of Object.entries(counts)) {
          totals[name] = (totals[name] ?? 0) + count;
        }
      }
    }
    return totals;
  }

  #violation(what: string): void {
    if (this.#violations.length < 20) this.#violations.push(what);
  }

  #every(ms: number, work: () => void): void {
    this.#time.after(ms, () => {
      work();
      if (this.#isRough) this.#every(ms, work);
    });
  }

  #period(): Period {
    return periodAt(MONTHLY_UTC, this.#time.nowMs());
  }

  #legOf(budget: BudgetId): { readonly account: AccountId; readonly period: Period } {
    const period = this.#period();
    const account = accountId(budget, period);
    if (!this.#limits.has(account)) {
      this.#limits.set(account, budget.includes('/team:') ? TEAM_LIMIT : LIMIT);
    }
    return { account, period };
  }

  #newId(): string {
    this.#ids += 1;
    const seed = (this.#options.seed >>> 0).toString(16).padStart(8, '0').slice(-8);
    return `${seed}-0000-7000-8000-${this.#ids.toString(16).padStart(12, '0')}`;
  }
}

/** Accidents that may take data of Redis with them. */
const LOSING = new Set([
  'redis restarted empty',
  'redis failed over to a lagging replica',
  'split brain',
  'redis flushed',
  'copy deleted',
]);
/** Longest time from an acknowledgement to the ledger while a server tries: outages included. */
const AT_RISK_MS = 12_000;

/** After the last reservation has ended: leases are closed and the copies told. */
const SETTLE_DOWN_MS = 150_000;

class GaveUp extends Error {}
