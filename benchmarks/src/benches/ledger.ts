/** Bringing a backlog of the journal home, beside what PostgreSQL takes at most. */
import type { Bench, Candidate, Finding, Runner, Sample } from '../harness/bench.ts';
import { USUAL_EFFORT } from '../harness/compare.ts';
import { startCpuMeter, THIS_PROCESS } from '../harness/cpu.ts';
import { closedLoop } from '../harness/drive.ts';
import { quantile } from '../harness/figures.ts';
import { moneyOff } from '../subjects/audit.ts';
import { lagsUntil } from '../subjects/journal-lag.ts';
import { legsOfUsers, Pairs } from '../subjects/pairs.ts';
import { RawLedger, ROWS_PER_STATEMENT } from '../subjects/raw-ledger.ts';
import { journalHome, openHybridOn, startStores, type Stores } from '../subjects/stores.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
/** Settlements that wait in Redis when the clock starts. */
const BACKLOG = 100_000;
const BACKLOG_QUICK = 100;
const IN_FLIGHT = 64;
/** Reservations of the backlog have lower numbers. */
const ALONG_NUMBERS_FROM = 2 ** 40;
const ALONG = 'Bursar decides and books as it goes, 256 in flight';
const ALONG_IN_FLIGHT = 256;
const OURS = `Bursar brings home a backlog of ${BACKLOG.toLocaleString('en-US')} settlements`;
const RAW = `INSERT of ${ROWS_PER_STATEMENT} rows by unnest`;
const RAW_SUMS = `the same with each account's sum`;

export const ledger: Bench = {
  name: 'ledger',
  question: 'how fast does what Redis decided get into the ledger?',
  operation: 'settlement in the ledger; or one bare row',
  async open({ isQuick }) {
    const stores = await startStores();
    const legs = legsOfUsers(isQuick ? USERS_QUICK : USERS, Date.now());
    const backlog = new Backlog(stores, legs, isQuick ? BACKLOG_QUICK : BACKLOG);
    const raw = (name: string, addsUp: boolean): Candidate => ({
      name,
      async open() {
        const rows = await RawLedger.open(stores.databaseUrl);
        return closedLoop({
          inFlight: 1,
          perCall: ROWS_PER_STATEMENT,
          clocks: stores.clocks,
          operation: () => rows.insert(USERS, addsUp),
          close: () => rows.close(),
        });
      },
    });
    const along = new Along(stores, legs);
    return {
      candidates: [
        { name: OURS, open: async () => backlog },
        raw(RAW, false),
        raw(RAW_SUMS, true),
        { name: ALONG, open: () => along.open() },
      ],
      judge: async (of) => {
        const store = await openHybridOn(stores);
        try {
          return {
            findings: [
              {
                name: 'settlements/s brought home to bare rows/s',
                isByClock: true,
                value: of(OURS).perSecond / of(RAW).perSecond,
                goal: 0.4,
                better: 'more',
              },
              {
                name: 'CPU of a settlement brought home to that of a bare row with its sum',
                value:
                  ((of(OURS).cpuUs.node ?? 0) + (of(OURS).cpuUs.postgres ?? 0)) /
                  ((of(RAW_SUMS).cpuUs.node ?? 0) + (of(RAW_SUMS).cpuUs.postgres ?? 0)),
                better: 'less',
              },
              ...along.findings(),
            ],
            moneyOffNanoUsd: await moneyOff(store, backlog.settled + along.settled),
          };
        } finally {
          await store.close();
        }
      },
      close: () => stores.close(),
    };
  },
};

/** Deciding and booking at the same time, as fast as both go, with a look at how far the ledger is behind. */
class Along {
  readonly #stores: Stores;
  readonly #legs: ReturnType<typeof legsOfUsers>;
  readonly #lagsMs: number[] = [];
  #settled = 0;
  #transactions = 0;
  #pairs = 0;

  constructor(stores: Stores, legs: ReturnType<typeof legsOfUsers>) {
    this.#stores = stores;
    this.#legs = legs;
  }

  get settled(): number {
    return this.#settled;
  }

  /** Opened after all others have had their first turn, and closed with them. */
  async open(): Promise<Runner> {
    const stores = this.#stores;
    const store = await openHybridOn(stores);
    const pairs = new Pairs(store.tier, ALONG_NUMBERS_FROM);
    await Promise.all(this.#legs.map(() => pairs.make(this.#legs)));
    await journalHome(stores);
    const loop = closedLoop({
      inFlight: ALONG_IN_FLIGHT,
      clocks: stores.clocks,
      operation: () => pairs.make(this.#legs),
      finish: () => journalHome(stores),
    });
    return {
      run: async (durationMs) => {
        const ending = new AbortController();
        const lags = lagsUntil(ending.signal, stores);
        const [before, begun] = [await transactionsIn(stores.database), pairs.begun];
        const sample = await loop.run(durationMs);
        ending.abort();
        this.#lagsMs.push(...(await lags));
        this.#transactions += (await transactionsIn(stores.database)) - before;
        this.#pairs += pairs.begun - begun;
        this.#settled = pairs.settled;
        return sample;
      },
      close: () => store.close(),
    };
  }

  findings(): readonly Finding[] {
    return [
      {
        name: 'how far the ledger is behind while pairs are made as fast as they go, p99',
        isByClock: true,
        value: (quantile(this.#lagsMs, 0.99) ?? Number.NaN) / 1_000,
        goal: 2,
        unit: 's',
        better: 'less',
      },
      {
        name: 'transactions of PostgreSQL for 1,000 pairs, leases and looking included',
        isByClock: true,
        value: (this.#transactions / this.#pairs) * 1_000,
        goal: 5,
        unit: 'transactions',
        better: 'less',
      },
    ];
  }
}

/** Makes a backlog while nobody brings it home, then measures how long that takes. */
class Backlog implements Runner {
  readonly #stores: Stores;
  readonly #legs: ReturnType<typeof legsOfUsers>;
  readonly #size: number;
  #numbers = 0;
  #settled = 0;

  constructor(stores: Stores, legs: ReturnType<typeof legsOfUsers>, size: number) {
    this.#stores = stores;
    this.#legs = legs;
    this.#size = size;
  }

  get settled(): number {
    return this.#settled;
  }

  async run(durationMs: number): Promise<Sample> {
    // To warm up, a tenth is enough.
    const size = durationMs < USUAL_EFFORT.roundMs ? Math.ceil(this.#size / 10) : this.#size;
    const { database, clocks } = this.#stores;
    // A minute and more between two rounds, so that the backlog is not brought home while it is made.
    const store = await openHybridOn(this.#stores, { sync: 'minutes' });
    const pairs = new Pairs(store.tier, this.#numbers);
    const make = async (): Promise<void> => {
      while (pairs.begun < size) await pairs.make(this.#legs);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, make));
    this.#numbers += pairs.begun;
    this.#settled += pairs.settled;
    const before = await entriesIn(database);
    const stop = await startCpuMeter([THIS_PROCESS, ...clocks]);
    const startedAt = performance.now();
    await store.close();
    const elapsedMs = performance.now() - startedAt;
    const cpuUs = await stop();
    const operations = (await entriesIn(database)) - before;
    return { operations, elapsedMs, doneMs: elapsedMs, cpuUs, latenciesMs: [] };
  }

  async close(): Promise<void> {}
}

async function transactionsIn(database: Stores['database']): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    `select xact_commit + xact_rollback as count from pg_stat_database
     where datname = current_database()`,
  );
  return Number(rows[0]?.count);
}

async function entriesIn(database: Stores['database']): Promise<number> {
  const { rows } = await database.query<{ count: string }>('select count(*) from ledger_entries');
  return Number(rows[0]?.count);
}
