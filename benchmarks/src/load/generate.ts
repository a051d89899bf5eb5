/**
 * Making the calls of a workload when they are due, whatever became of those before.
 *
 * What it measures begins when a call was due, not when it was sent: a service that makes callers wait is not
 * spared by being asked less (no coordinated omission). What was not acknowledged is repeated after the run
 * until it is, as it would be by a product that keeps its books.
 */
import { CallLog, type CallLogColumns } from './call-log.ts';
import { costOf, type PlannedCall, type Workload } from './workload.ts';

/** A system under load, from a caller's side. Every method rejects when there was no answer. */
export interface MeteringService {
  /** Whether the call may be made, or why not; and who decided, if that is said. */
  reserve(call: PlannedCall): Promise<Decision>;
  /** Books what the call did cost. Resolves with what the service says that is, in nano-USD. */
  settle(call: PlannedCall): Promise<number>;
  release(call: PlannedCall): Promise<void>;
  /** Whether repeating is safe. What was not acknowledged is then repeated after the run. */
  readonly repeats: boolean;
  close(): Promise<void>;
}

/** The answer to `reserve`. */
export type Decision =
  | { readonly allowed: true; readonly mode: string }
  | { readonly allowed: false; readonly mode: string; readonly reason: string };

/** Time. */
export interface LoadTime {
  /** Milliseconds, from whenever. */
  now(): number;
  wait(ms: number): Promise<void>;
}

/** What a run came to. */
export interface Generated {
  readonly log: CallLogColumns;
  /** Calls that the service priced otherwise than their tokens cost. */
  readonly mispriced: number;
  /** Settlements that were never acknowledged, however often they were repeated. */
  readonly unacknowledged: number;
}

/** Most calls under way at once; further ones are not made, and counted. */
export const UNDER_WAY_MAX = 20_000;
/** Longest that what failed is repeated after the run, and the pause between. */
const REPEAT_MS_MAX = 60_000;
const REPEAT_PAUSE_MS = 200;
/** Longest reason, in characters. */
const WHY_LENGTH_MAX = 40;
/** Repeats at once. */
const REPEATS_AT_ONCE = 50;

/** Makes all calls and resolves when the last one has ended. `startAt` on `time`'s clock. */
export async function generate(
  workload: Workload,
  service: MeteringService,
  time: LoadTime,
  startAt: number,
): Promise<Generated> {
  const run = new Run(workload, service, time, startAt);
  await run.makeAll();
  await run.repeatUnacknowledged();
  return run.result;
}

class Run {
  readonly #workload: Workload;
  readonly #service: MeteringService;
  readonly #time: LoadTime;
  readonly #startAt: number;
  readonly #log: CallLog;
  readonly #unsettled: PlannedCall[] = [];
  readonly #undecided: PlannedCall[] = [];
  #underWay = 0;
  #mispriced = 0;
  #unacknowledged = 0;

  constructor(workload: Workload, service: MeteringService, time: LoadTime, startAt: number) {
    this.#workload = workload;
    this.#service = service;
    this.#time = time;
    this.#startAt = startAt;
    this.#log = new CallLog(workload.size);
  }

  get result(): Generated {
    const { columns: log } = this.#log;
    return { log, mispriced: this.#mispriced, unacknowledged: this.#unacknowledged };
  }

  async makeAll(): Promise<void> {
    const running = new Set<Promise<void>>();
    for (const call of this.#workload) {
      const earlyMs = call.dueMs - this.#nowMs();
      if (earlyMs > 0) await this.#time.wait(earlyMs);
      if (this.#underWay >= UNDER_WAY_MAX) {
        this.#log.ended(call.index, 'unsent', { why: 'generator full' });
        continue;
      }
      const ended = this.#make(call).finally(() => running.delete(ended));
      running.add(ended);
    }
    await Promise.all(running);
  }

  async #make(call: PlannedCall): Promise<void> {
    const { index, dueMs, end } = call;
    this.#underWay += 1;
    this.#log.begun(index, this.#nowMs() - dueMs);
    try {
      const decision = await this.#service.reserve(call);
      this.#log.decided(index, this.#nowMs() - dueMs, decision.mode);
      if (!decision.allowed) {
        this.#log.ended(index, 'denied', { why: decision.reason });
        return;
      }
    } catch (error) {
      this.#undecided.push(call);
      this.#log.ended(index, 'reserve-failed', { why: whyOf(error) });
      return;
    } finally {
      this.#underWay -= 1;
    }
    const modelEndsMs = this.#nowMs() + call.modelMs;
    await this.#time.wait(call.modelMs);
    if (end === 'vanished') {
      this.#log.ended(index, 'vanished');
      return;
    }
    this.#underWay += 1;
    try {
      if (end === 'released') await this.#service.release(call);
      else await this.#settle(call);
      const bookMs = this.#nowMs() - modelEndsMs;
      this.#log.ended(index, end === 'released' ? 'released' : 'settled', { bookMs });
    } catch (error) {
      this.#unsettled.push(call);
      this.#log.ended(index, 'settle-failed', { why: whyOf(error) });
    } finally {
      this.#underWay -= 1;
    }
  }

  async #settle(call: PlannedCall): Promise<void> {
    if ((await this.#service.settle(call)) !== costOf(call)) this.#mispriced += 1;
  }

  /** Settles what was not acknowledged, and releases what nobody knows to be reserved. */
  async repeatUnacknowledged(): Promise<void> {
    if (!this.#service.repeats) return;
    const untilMs = this.#nowMs() + REPEAT_MS_MAX;
    const released = this.#undecided.map((call) => async () => {
      // That it is not known, or was denied, is as good.
      await this.#service.release(call).catch(() => {});
    });
    const booked = this.#unsettled.map((call) => async () => {
      for (;;) {
        try {
          if (call.end === 'released') await this.#service.release(call);
          else await this.#settle(call);
          return;
        } catch {
          if (this.#nowMs() > untilMs) break;
          await this.#time.wait(REPEAT_PAUSE_MS);
        }
      }
      this.#unacknowledged += 1;
    });
    const left = [...booked, ...released].values();
    await Promise.all(
      Array.from({ length: REPEATS_AT_ONCE }, async () => {
        for (const repeat of left) await repeat();
      }),
    );
  }

  #nowMs(): number {
    return this.#time.now() - this.#startAt;
  }
}

function whyOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof code === 'string' ? code : String(message);
  // Addresses differ from run to run, and are nobody's reason.
  return text.replace(/ \d+(?:\.\d+){3}(?::\d+)?/g, '').slice(0, WHY_LENGTH_MAX);
}
