/** Both breakers, on time in the test's hands: the one of production and the one of the simulation. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Breaker,
  BreakerOpen,
  type BreakerOptions,
  type BreakerState,
  FAILURES_TO_OPEN,
  OPEN_MS,
} from '../../src/breaker/breaker.ts';
import { opossumBreaker } from '../../src/breaker/opossum-breaker.ts';
import { simBreaker } from '../simulation/sim-breaker.ts';

const timers = {
  after: (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

describe.each<[string, (options: BreakerOptions) => Breaker]>([
  ['opossum', opossumBreaker],
  ['simulated', (options) => simBreaker(options, timers)],
])('the breaker (%s)', (_name, make) => {
  let breaker: Breaker;
  let states: BreakerState[];
  let probes: { resolve: () => void; reject: (error: Error) => void }[];
  let asked: number;

  beforeEach(() => {
    vi.useFakeTimers();
    states = [];
    probes = [];
    asked = 0;
    breaker = make({
      probe: () =>
        new Promise<void>((resolve, reject) => {
          probes.push({ resolve, reject });
        }),
      isFailure: (error) => (error as Error).message === 'away',
      onChange: (state) => states.push(state),
    });
  });
  afterEach(() => {
    breaker.stop();
    vi.useRealTimers();
  });

  const succeed = () => {
    asked += 1;
    return breaker.run(async () => 'fine');
  };
  const fail = (message = 'away') =>
    breaker
      .run(async () => {
        asked += 1;
        throw new Error(message);
      })
      .catch((error: unknown) => error);
  const failTimes = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) await fail();
  };

  it('opens on the fifth failure in a row and not on the fourth', async () => {
    await failTimes(FAILURES_TO_OPEN - 1);
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
    expect(FAILURES_TO_OPEN).toBe(5);
  });

  it('starts counting anew after one success, however many went before', async () => {
    for (let round = 0; round < 30; round += 1) {
      await failTimes(FAILURES_TO_OPEN - 1);
      expect(await succeed()).toBe('fine');
    }
    expect(breaker.state).toBe('closed');
  });

  it('opens after 1,000 successes just as after none', async () => {
    for (let call = 0; call < 1_000; call += 1) await succeed();
    await failTimes(FAILURES_TO_OPEN);
    expect(breaker.state).toBe('open');
  });

  it('does not count errors that say nothing about the dependency', async () => {
    for (let time = 0; time < 20; time += 1) {
      expect(await fail('denied')).toMatchObject({ message: 'denied' });
    }
    expect(breaker.state).toBe('closed');
  });

  it('lets nothing through while open, and exactly one probe after a minute', async () => {
    await failTimes(FAILURES_TO_OPEN);
    const before = asked;
    await vi.advanceTimersByTimeAsync(OPEN_MS - 1);
    await expect(breaker.run(async () => 'never')).rejects.toBeInstanceOf(BreakerOpen);
    expect(probes.length).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(breaker.state).toBe('probing');
    await expect(breaker.run(async () => 'never')).rejects.toBeInstanceOf(BreakerOpen);
    expect(probes.length).toBe(1);
    expect(asked).toBe(before);
    expect(OPEN_MS).toBe(60_000);
  });

  it('closes when the probe succeeds, and counts from nothing', async () => {
    await failTimes(FAILURES_TO_OPEN);
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    probes[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.state).toBe('closed');
    await failTimes(FAILURES_TO_OPEN - 1);
    expect(breaker.state).toBe('closed');
    expect(states).toEqual(['open', 'probing', 'closed']);
  });

  it('waits another minute when the probe fails', async () => {
    await failTimes(FAILURES_TO_OPEN);
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    probes[0]?.reject(new Error('away'));
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.state).toBe('open');
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    expect(probes.length).toBe(2);
    expect(breaker.state).toBe('probing');
  });

  it('stays open whatever the error that the probe fails with', async () => {
    await failTimes(FAILURES_TO_OPEN);
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    probes[0]?.reject(new Error('denied'));
    await vi.advanceTimersByTimeAsync(0);
    expect(states).toEqual(['open', 'probing', 'open']);
  });

  it('hears only its probe while it probes: not what began before it opened', async () => {
    const ends: { well: () => void; badly: () => void }[] = [];
    const early = Array.from({ length: 2 }, () =>
      breaker
        .run(
          () =>
            new Promise<void>((resolve, reject) => {
              ends.push({ well: resolve, badly: () => reject(new Error('away')) });
            }),
        )
        .catch(() => 'failed'),
    );
    await failTimes(FAILURES_TO_OPEN);
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    ends[0]?.well();
    ends[1]?.badly();
    await Promise.all(early);
    expect(states).toEqual(['open', 'probing']);
    probes[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(states).toEqual(['open', 'probing', 'closed']);
  });
});
