import { describe, expect, it } from 'vitest';
import { type Batchable, CommandBatcher } from '../../src/stores/redis/command-batcher.ts';

interface Item extends Batchable {
  readonly name: string;
}

const item = (name: string): Item => ({ name, accounts: ['t/user:a'], limiters: [], changes: 1 });

/** A batcher, the names of each call that it has sent, and what answers the call of that number. */
function batcherWith(onAnswer: (name: string) => void = () => {}) {
  const sent: string[][] = [];
  const answers: (() => void)[] = [];
  const batcher = new CommandBatcher<Item>(async (items, landed) => {
    sent.push(items.map(({ name }) => name));
    await new Promise<void>((resolve) => answers.push(resolve));
    landed();
    for (const { name } of items) onAnswer(name);
  });
  return { batcher, sent, answer: (call: number) => answers[call]?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('commands on their way to Redis', () => {
  it('go at once while nothing is in flight, and at the end of the turn while something is', async () => {
    const { batcher, sent } = batcherWith();
    batcher.push(item('first'));
    expect(sent).toEqual([['first']]);
    batcher.push(item('second'));
    batcher.push(item('third'));
    expect(sent).toEqual([['first']]);
    await turn();
    expect(sent).toEqual([['first'], ['second', 'third']]);
  });

  it('go at once when they are asked in answer to the only one that was in flight', async () => {
    const sentAtOnce: string[][] = [];
    const { batcher, sent, answer } = batcherWith((name) => {
      if (name !== 'reserve') return;
      batcher.push(item('settle'));
      sentAtOnce.push(...sent);
    });
    batcher.push(item('reserve'));
    answer(0);
    await turn();
    expect(sentAtOnce).toEqual([['reserve'], ['settle']]);
  });

  it('wait while as many calls are in flight as may be, and then go together', async () => {
    const { batcher, sent, answer } = batcherWith();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      batcher.push(item(name));
      await turn();
    }
    expect(sent).toEqual([['a'], ['b'], ['c'], ['d']]);
    answer(1);
    await turn();
    await turn();
    expect(sent.slice(4)).toEqual([['e', 'f']]);
  });
});
