/** What a decision costs as users grow: the same pairs in a Redis with a thousand users and in one with a million. */
import {
  type AccountId,
  type Amount,
  type CopyCommand,
  type DurationMs,
  type Elsewhere,
  type Fingerprint,
  type InstantMs,
  type LeaseId,
} from '@bursar/core';
import { type RedisServer, startRedis } from '@bursar/testkit';
import { RedisCopies } from '../../../packages/server/src/stores/redis/redis-copies.ts';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { cpuOfRedis } from '../harness/cpu.ts';
import { closedLoop } from '../harness/drive.ts';
import { COST, HOLD, idNumber, LIMIT } from '../subjects/pairs.ts';

const USERS = [1_000, 100_000, 1_000_000];
const USERS_QUICK = [10, 100];
const IN_FLIGHT = 256;
/** Users that are made or looked at together. */
const PAGE = 2_000;
const TTL_MS = 3_600_000 as DurationMs;
const ELSEWHERE: Elsewhere = {
  limit: LIMIT,
  granted: 0 as Amount,
  settled: 0 as Amount,
  reserved: 0 as Amount,
  leased: 0 as Amount,
};
const nameOf = (users: number): string => `${users.toLocaleString('en-US')} users`;

export const growth: Bench = {
  name: 'growth',
  question: 'what does a decision cost as users grow?',
  operation: `reservation and its settlement in Redis, ${IN_FLIGHT} in flight, each of a user by chance; nothing is booked`,
  async open({ isQuick, users }) {
    const sizes = users === undefined ? (isQuick ? USERS_QUICK : USERS) : [1_000, users];
    const crowds: Crowd[] = [];
    for (const size of sizes) crowds.push(await Crowd.gather(size));
    const [first, last] = [crowds[0], crowds.at(-1)];
    return {
      candidates: crowds.map((crowd) => crowd.candidate),
      async judge(of) {
        if (first === undefined || last === undefined) return { findings: [] };
        const cpuOf = ({ users: size }: Crowd) => of(nameOf(size)).cpuUs;
        const findings: Finding[] = [
          {
            name: `Redis's CPU of a pair, ${nameOf(last.users)} to ${nameOf(first.users)}`,
            value: (cpuOf(last).redis ?? 0) / (cpuOf(first).redis ?? 0),
            goal: 1.25,
            better: 'less',
          },
          {
            name: `Node's CPU of a pair, ${nameOf(last.users)} to ${nameOf(first.users)}`,
            value: (cpuOf(last).node ?? 0) / (cpuOf(first).node ?? 0),
            better: 'less',
          },
          ...crowds.map((crowd) => ({
            name: `${nameOf(crowd.users)}: Redis, a user`,
            value: crowd.bytesOfUser,
            goal: 150,
            better: 'less' as const,
            unit: 'bytes',
          })),
        ];
        let off = 0;
        for (const crowd of crowds) off += await crowd.moneyOff();
        return { findings, moneyOffNanoUsd: off };
      },
      async close() {
        for (const crowd of crowds) await crowd.leave();
      },
    };
  },
};

/** So many users, each with a lease, in a Redis of their own. */
class Crowd {
  readonly users: number;
  readonly #redis: RedisServer;
  readonly #copies: RedisCopies;
  #bytes = 0;
  #pairs = 0;

  private constructor(users: number, redis: RedisServer, copies: RedisCopies) {
    this.users = users;
    this.#redis = redis;
    this.#copies = copies;
  }

  static async gather(users: number): Promise<Crowd> {
    const redis = await startRedis();
    const copies = new RedisCopies({ url: redis.url, commandTimeoutMs: 30_000 });
    const { lineage } = await copies.inspect();
    await copies.adopt(1, lineage);
    const crowd = new Crowd(users, redis, copies);
    const before = await crowd.#bytesInUse();
    await crowd.#each((account) => crowd.#install(account));
    crowd.#bytes = (await crowd.#bytesInUse()) - before;
    return crowd;
  }

  get bytesOfUser(): number {
    return this.#bytes / this.users;
  }

  get candidate(): Candidate {
    return {
      name: nameOf(this.users),
      open: async () =>
        closedLoop({
          inFlight: IN_FLIGHT,
          clocks: [cpuOfRedis(this.#redis)],
          operation: () => this.#pair(),
        }),
    };
  }

  /** What the copies do not say that was spent, or say besides. */
  async moneyOff(): Promise<number> {
    let shown = 0;
    await this.#each(async (account) => {
      const answer = await this.#copies.execute({ kind: 'read', account });
      if (answer.answer !== 'copy' || answer.copy === null) throw new Error('a user is gone');
      shown += answer.copy.settled + answer.copy.reserved;
    });
    return Math.abs(shown - this.#pairs * COST);
  }

  async leave(): Promise<void> {
    await this.#copies.close();
    await this.#redis.stop();
  }

  async #pair(): Promise<void> {
    this.#pairs += 1;
    const account = accountOf(Math.floor(Math.random() * this.users));
    const reservation = idNumber(this.#pairs);
    await this.#done({
      kind: 'reserve',
      reservation,
      fingerprint: 'bench' as Fingerprint,
      accounts: [account],
      amount: HOLD,
      ttlMs: TTL_MS,
      terms: { user: 'somebody', provider: 'openai', model: 'gpt-5-mini' },
    });
    await this.#done({ kind: 'settle', reservation, cost: COST, final: true, detail: null });
  }

  async #done(command: CopyCommand): Promise<void> {
    const { answer } = await this.#copies.execute(command);
    if (answer !== 'done') throw new Error(`a pair was answered by ${answer}`);
  }

  async #install(account: AccountId): Promise<void> {
    const prepared = await this.#copies.execute({ kind: 'prepare', account, above: 0 });
    if (prepared.answer !== 'prepared') throw new Error(`a place was ${prepared.answer}`);
    await this.#copies.execute({
      kind: 'install',
      account,
      ticket: prepared.ticket,
      lease: `lease-${prepared.ticket}` as LeaseId,
      startAtMs: 0 as InstantMs,
      endAtMs: Date.UTC(2100, 0) as InstantMs,
      drawn: LIMIT,
      sequence: 0,
      elsewhere: ELSEWHERE,
    });
  }

  async #each(work: (account: AccountId) => Promise<void>): Promise<void> {
    for (let from = 0; from < this.users; from += PAGE) {
      const page = Array.from({ length: Math.min(PAGE, this.users - from) }, (_, index) =>
        work(accountOf(from + index)),
      );
      await Promise.all(page);
    }
  }

  async #bytesInUse(): Promise<number> {
    const info = String(await this.#redis.cli('INFO', 'memory'));
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  }
}

function accountOf(user: number): AccountId {
  return `bench/user:user-${user}/credit/2026-11` as AccountId;
}
