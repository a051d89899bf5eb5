/** The rule alone, in this process, beside the least that could do its job. */
import {
  type Account,
  type InstantMs,
  type Leg,
  MemoryTier,
  openAccount,
  transition,
} from '@bursar/core';
import { systemClock } from '../../../packages/server/src/clock/system-clock.ts';
import { openStore } from '../../../packages/server/src/open-store.ts';
import { SILENT_LOG } from '../../../packages/server/src/telemetry/logger.ts';
import type { Bench } from '../harness/bench.ts';
import { closedLoop, tightLoop } from '../harness/drive.ts';
import { allCpuUs } from '../harness/figures.ts';
import { moneyOff } from '../subjects/audit.ts';
import { bareMap } from '../subjects/bare-map.ts';
import { COST, HOLD, idNumber, legsOfUsers, LIMIT, Pairs } from '../subjects/pairs.ts';

const USERS = 1_000;
const USERS_QUICK = 10;
const NOW = Date.UTC(2026, 10, 15) as InstantMs;
/** The memory tier keeps every entry; so a new one takes over before memory is what is measured. */
const PAIRS_PER_TIER = 50_000;
const MAP = 'a Map of sums and holds, with nothing else';
const RULE = 'the rule, on accounts in a Map';
const TIER = 'the memory tier, with its history';
const EMBEDDED = 'the embedded store: memory decides, PGlite has it, 64 in flight';

export const engine: Bench = {
  name: 'engine',
  question: 'what does the rule cost beside the least that could do its job?',
  operation: `reservation and its settlement, over ${USERS} users, in this process`,
  async open({ isQuick }) {
    const imageDirectory = process.env['BURSAR_CACHE_DIR'];
    const store = await openStore({
      location: {
        kind: 'pglite',
        directory: 'memory',
        ...(imageDirectory === undefined ? {} : { imageDirectory }),
      },
      defaultLimit: LIMIT,
      log: SILENT_LOG,
      clock: systemClock,
    });
    const embedded = new Pairs(store.tier);
    const legs = legsOfUsers(isQuick ? USERS_QUICK : USERS, Date.now());
    const rule = ruleOnMap();
    return {
      candidates: [
        { name: MAP, open: async () => tightLoop(bareMap(USERS)) },
        { name: RULE, open: async () => tightLoop(rule.pair) },
        { name: TIER, open: async () => closedLoop({ inFlight: 1, operation: memoryTier() }) },
        {
          name: EMBEDDED,
          open: async () => closedLoop({ inFlight: 64, operation: () => embedded.make(legs) }),
        },
      ],
      judge: async (of) => ({
        findings: [
          {
            name: 'rate of the rule to that of a bare Map, by CPU time',
            value: allCpuUs(of(MAP)) / allCpuUs(of(RULE)),
            goal: 0.4,
            better: 'more',
          },
          {
            name: 'rate of the memory tier to that of a bare Map, by CPU time',
            value: allCpuUs(of(MAP)) / allCpuUs(of(TIER)),
            better: 'more',
          },
        ],
        moneyOffNanoUsd: rule.moneyOff() + (await moneyOff(store, embedded.settled)),
      }),
      close: () => store.close(),
    };
  },
};

function ruleOnMap(): { pair: (round: number) => void; moneyOff: () => number } {
  const users = legsOfUsers(USERS, NOW);
  const accounts = new Map<string, Account>(
    users.map(({ account, period }) => [account, openAccount(account, period, LIMIT)]),
  );
  const legs = new Map<number, Leg>();
  const deadlineAtMs = (NOW + 60_000) as InstantMs;
  const reservation = idNumber(0);
  let settled = 0;
  return {
    pair(round) {
      const id = users[round % USERS]?.account ?? '';
      const before = accounts.get(id);
      if (before === undefined) throw new Error('unknown');
      const made = transition(
        { account: before },
        { kind: 'reserve', reservation, amount: HOLD, deadlineAtMs },
        NOW,
      );
      if (made.leg === undefined) throw new Error('refused');
      accounts.set(id, made.account);
      legs.set(round, made.leg);
      const ended = transition(
        { account: made.account, leg: legs.get(round) },
        { kind: 'settle', reservation, cost: COST, final: true, detail: null },
        NOW,
      );
      accounts.set(id, ended.account);
      legs.delete(round);
      settled += COST;
    },
    moneyOff() {
      let booked = 0;
      for (const account of accounts.values()) booked += account.settled + account.reserved;
      return Math.abs(booked - settled);
    },
  };
}

function memoryTier(): () => Promise<void> {
  const legs = legsOfUsers(USERS, NOW);
  const fresh = (): Pairs =>
    new Pairs(new MemoryTier({ clock: { nowMs: () => NOW }, defaultLimit: LIMIT }));
  let pairs = fresh();
  return () => {
    if (pairs.settled >= PAIRS_PER_TIER) pairs = fresh();
    return pairs.make(legs);
  };
}
