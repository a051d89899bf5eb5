/**
 * A campaign: real servers, Redis and PostgreSQL under load, one fault after the other, and an audit that
 * knows what really happened.
 *
 * The truth is kept here, outside of everything that is tested: what the provider was asked to do, at the
 * moment it was asked, and what was acknowledged. Users have small limits and new ones come all the time, so
 * that most calls are made near the end of somebody's money.
 */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { type ChaosServer, ChaosServers } from './chaos-servers.ts';
import { FAULTS } from './faults.ts';

/** How a campaign is run. */
export interface CampaignOptions {
  readonly faults: number;
  readonly seed: number;
  /** Told of each fault when it is over. */
  readonly onFault?: (line: string) => void;
}

/** What came out. All is well when the four amounts and counts are 0. */
export interface CampaignReport {
  readonly faults: number;
  readonly calls: number;
  readonly overspentNanoUsd: number;
  readonly lostNanoUsd: number;
  readonly duplicatedNanoUsd: number;
  readonly stuckReservations: number;
  /** From the end of a fault to the first call that every server admits again: median and longest, by fault. */
  readonly recoveryMs: Readonly<Record<string, { readonly median: number; readonly max: number }>>;
  /** Contradictions that an SQL audit of the whole database found, shared with nothing that wrote it. */
  readonly findings: readonly string[];
}

const SERVERS = 3;
const CALLERS = 12;
/** nano-USD. */
const LIMIT = 60_000;
const USERS_AT_ONCE = 8;
const USERS_FOR_MS = 6_000;
const HOLD_MAX = 4_000;
/** How long a reservation may be tentative; calls are shorter. */
const TTL_MS = 8_000;
const CALL_MS_MAX = 1_500;
const ASK_MS_MAX = 3_000;
/** Pause after a fault that took data, or one of its two carriers, so that no second loss falls into the first: that is another promise. */
const AFTER_LOSS_MS = 3_500;
const QUIET_MS_MAX = 180_000;

interface Call {
  readonly id: string;
  readonly user: string;
  readonly cost: number;
  acknowledged: boolean;
}

/** Runs a campaign to its audit. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #chaos: ChaosServers;
  readonly #calls = new Map<string, Call>();
  readonly #spent = new Map<string, number>();
  readonly #recoveries = new Map<string, number[]>();
  #random: number;
  #users = 0;
  #isOver = false;
  #overspent = 0;

  private constructor(options: CampaignOptions, chaos: ChaosServers) {
    this.#options = options;
    this.#chaos = chaos;
    this.#random = options.seed >>> 0;
  }

  static async run(options: CampaignOptions): Promise<CampaignReport> {
    const chaos = await ChaosServers.start(SERVERS, usd(LIMIT));
    try {
      return await new Campaign(options, chaos).#run();
    } finally {
      await chaos.stop();
    }
  }

  async #run(): Promise<CampaignReport> {
    const renewing = setInterval(() => {
      this.#users += 1;
    }, USERS_FOR_MS);
    const callers = Array.from({ length: CALLERS }, () => this.#caller());
    const order = this.#order();
    for (const [index, fault] of order.entries()) {
      const server = this.#pick(this.#chaos.servers);
      await fault.happen({
        chaos: this.#chaos,
        server,
        forMs: 300 + this.#below(1_200),
        wait,
        below: (bound) => this.#below(bound),
      });
      const recoveredMs = await this.#recovery();
      this.#recoveries.set(fault.name, [...(this.#recoveries.get(fault.name) ?? []), recoveredMs]);
      this.#options.onFault?.(
        `${index + 1}/${order.length} ${fault.name} (${server.name}): well again after ${recoveredMs} ms, ${this.#calls.size} calls`,
      );
      await wait(fault.losesData ? AFTER_LOSS_MS : 200);
    }
    this.#isOver = true;
    clearInterval(renewing);
    await Promise.all(callers);
    return this.#audit();
  }

  /** Each kind of fault about equally often, shuffled by the seed. */
  #order(): readonly (typeof FAULTS)[number][] {
    const order: (typeof FAULTS)[number][] = [];
    while (order.length < this.#options.faults) {
      const round = [...FAULTS];
      while (round.length > 0) order.push(...round.splice(this.#below(round.length), 1));
    }
    return order.slice(0, this.#options.faults);
  }

  // Load.

  async #caller(): Promise<void> {
    while (!this.#isOver) {
      await this.#call();
      await wait(this.#below(40));
    }
  }

  async #call(): Promise<void> {
    const user = `u-${this.#users}-${this.#below(USERS_AT_ONCE)}`;
    const hold = 1 + this.#below(HOLD_MAX);
    const call: Call = {
      id: randomUUID(),
      user,
      cost: this.#below(3) === 0 ? hold : this.#below(hold + 1),
      acknowledged: false,
    };
    const reserve = {
      reservation: call.id,
      user,
      model: 'gpt-4o',
      amountUsd: usd(hold),
      ttlMs: TTL_MS,
    };
    const decision = await this.#persist(3, 'meter.reserve', reserve);
    if (decision?.['decision'] !== 'allowed') return;
    this.#calls.set(call.id, call);
    this.#spend(call);
    const mark = { reservation: call.id, dispatched: true };
    void this.#ask(this.#pick(this.#chaos.servers), 'meter.extend', mark).catch(() => undefined);
    await wait(this.#below(CALL_MS_MAX));
    const settled = await this.#persist(200, 'meter.settle', {
      reservation: call.id,
      costUsd: usd(call.cost),
      call: { user, model: 'gpt-4o' },
    });
    call.acknowledged = settled?.['outcome'] === 'settled';
  }

  /** The call leaves for the provider, which will bill it. */
  #spend({ user, cost }: Call): void {
    const before = this.#spent.get(user) ?? 0;
    this.#spent.set(user, before + cost);
    this.#overspent += Math.max(0, before + cost - Math.max(before, LIMIT));
  }

  /** Asks one server after the other until one gives an answer that is one. */
  async #persist(
    tries: number,
    procedure: string,
    input: object,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    for (let turn = 0; turn < tries; turn += 1) {
      try {
        return await this.#ask(this.#pick(this.#chaos.servers), procedure, input);
      } catch {
        await wait(50 + this.#below(200));
      }
    }
    return undefined;
  }

  async #ask(
    server: ChaosServer,
    procedure: string,
    input: object,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (server.url === undefined) throw new Error(`${server.name} is down`);
    const response = await fetch(`${server.url}/trpc/${procedure}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.#chaos.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(ASK_MS_MAX),
    });
    const body = (await response.json()) as {
      readonly result?: { readonly data: Readonly<Record<string, unknown>> };
      readonly error?: unknown;
    };
    if (body.result === undefined) throw new Error(JSON.stringify(body.error).slice(0, 300));
    return body.result.data;
  }

  /** How long until every server admits a call again, and says that it is back in its usual mode. */
  async #recovery(): Promise<number> {
    const beganMs = performance.now();
    for (const server of this.#chaos.servers) {
      for (;;) {
        const input = {
          reservation: randomUUID(),
          user: `probe-${randomUUID()}`,
          model: 'gpt-4o',
          amountUsd: '0',
          ttlMs: 1_000,
        };
        const answer = await this.#ask(server, 'meter.reserve', input).catch(() => undefined);
        if (answer?.['decision'] === 'allowed') break;
        if (performance.now() - beganMs > 60_000)
          throw new Error(`${server.name} does not recover`);
        await wait(50);
      }
    }
    return Math.round(performance.now() - beganMs);
  }

  // Audit.

  async #audit(): Promise<CampaignReport> {
    const client = new Client({ connectionString: this.#chaos.databaseUrl });
    await client.connect();
    try {
      const stuckReservations = await this.#untilQuiet(client);
      const { lost, duplicated } = await this.#compare(client);
      return {
        faults: this.#options.faults,
        calls: this.#calls.size,
        overspentNanoUsd: this.#overspent,
        lostNanoUsd: lost,
        duplicatedNanoUsd: duplicated,
        stuckReservations,
        recoveryMs: Object.fromEntries(
          [...this.#recoveries].map(([name, times]) => [name, summary(times)]),
        ),
        findings: await contradictions(client),
      };
    } finally {
      await client.end();
    }
  }

  /** Waits until nothing is open and no lease is in doubt; answers how many reservations stay open. */
  async #untilQuiet(client: Client): Promise<number> {
    const untilMs = performance.now() + QUIET_MS_MAX;
    for (;;) {
      const { rows } = await client.query<{ open: string; suspect: string }>(
        `select (select count(*) from legs where state = 'reserved') as open,
           (select count(*) from leases where state = 'suspect') as suspect`,
      );
      const open = Number(rows[0]?.open);
      if (open === 0 && Number(rows[0]?.suspect) === 0) return 0;
      if (performance.now() > untilMs) return open + Number(rows[0]?.suspect);
      await wait(500);
    }
  }

  /** Compares what was acknowledged with the sums of the ledger's own rows. */
  async #compare(client: Client): Promise<{ readonly lost: number; readonly duplicated: number }> {
    const { rows } = await client.query<{ id: string; booked: string; ends: string }>(
      `select split_part(reservation_id, '/', 2) as id, sum(amount_nano_usd) as booked,
         count(*) filter (where kind = 'settle') as ends
       from ledger_entries where reservation_id is not null group by reservation_id`,
    );
    const booked = new Map(rows.map((row) => [row.id, Number(row.booked)]));
    const ends = new Map(rows.map((row) => [row.id, Number(row.ends)]));
    let lost = 0;
    let duplicated = 0;
    for (const call of this.#calls.values()) {
      if (!call.acknowledged) continue;
      const difference = (booked.get(call.id) ?? 0) - call.cost;
      if (ends.get(call.id) !== 1 || difference < 0)
        lost += Math.max(-difference, ends.get(call.id) === 1 ? 0 : 1);
      if (difference > 0) duplicated += difference;
    }
    return { lost, duplicated };
  }

  // Randomness of the campaign itself; processes and networks have their own.

  #below(bound: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * bound);
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

/** Accounts whose sums are not what their entries and leases say. */
async function contradictions(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ finding: string }>(`
    select 'account ' || a.id || ': settled ' || a.settled_nano_usd || ', entries say ' || coalesce(e.sum, 0) as finding
    from accounts a
    left join (select account_id, sum(amount_nano_usd) as sum from ledger_entries
      where kind in ('settle', 'expire', 'release', 'adjust') group by account_id) e on e.account_id = a.id
    where a.settled_nano_usd <> coalesce(e.sum, 0)
    union all
    select 'account ' || a.id || ': leased ' || a.leased_nano_usd || ', leases say ' || coalesce(l.sum, 0)
    from accounts a
    left join (select account_id, sum(case when state = 'closed' then 0
        else greatest(drawn_nano_usd - returned_nano_usd - settled_nano_usd, 0) end) as sum
      from leases where id <> 'direct' group by account_id) l on l.account_id = a.id
    where a.leased_nano_usd <> coalesce(l.sum, 0)
    union all
    select 'account ' || id || ': ' || settled_nano_usd || ' settled of ' || limit_nano_usd
    from accounts where settled_nano_usd > limit_nano_usd`);
  return rows.map(({ finding }) => finding);
}

function summary(times: readonly number[]): { readonly median: number; readonly max: number } {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}

function usd(nanoUsd: number): string {
  return `0.${String(nanoUsd).padStart(9, '0')}`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
