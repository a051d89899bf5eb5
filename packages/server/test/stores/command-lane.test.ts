import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  BATCH_COMMANDS_MAX,
  CommandLane,
  LANE_COMMANDS_MAX,
} from '../../src/stores/postgres/command-lane.ts';

/** A lane that answers each command with itself, by microtasks only, as PGlite does; and its batches' sizes. */
function echoLane() {
  const sizes: number[] = [];
  const lane = new CommandLane<number, number>(async (batch) => {
    sizes.push(batch.length);
    await Promise.resolve();
    for (const { command, resolve } of batch) resolve(command);
  });
  return { lane, sizes };
}

describe('the lane of commands', () => {
  it('lets callers join the next batch even when the store never leaves this thread', async () => {
    const { lane, sizes } = echoLane();
    const caller = async (): Promise<void> => {
      for (let round = 0; round < 20; round += 1) {
        await lane.send(round);
        await nextTurn();
      }
    };
    await Promise.all(Array.from({ length: 10 }, caller));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200);
    expect(sizes.length).toBeLessThan(60);
  });

  it('answers every caller with its own answer, in batches of bounded size', async () => {
    const { lane, sizes } = echoLane();
    const commands = Array.from({ length: 1_000 }, (_, index) => index);
    expect(await Promise.all(commands.map((command) => lane.send(command)))).toEqual(commands);
    expect(Math.max(...sizes)).toBe(BATCH_COMMANDS_MAX);
  });

  it('refuses what would make it wait without bound, and what comes after closing', async () => {
    const { lane } = echoLane();
    const accepted = Array.from({ length: LANE_COMMANDS_MAX }, (_, index) => lane.send(index));
    await expect(lane.send(-1)).rejects.toMatchObject({
      code: 'store_unavailable',
      retryAfterMs: 1_000,
    });
    await lane.close();
    expect((await Promise.all(accepted)).length).toBe(LANE_COMMANDS_MAX);
    await expect(lane.send(-1)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
