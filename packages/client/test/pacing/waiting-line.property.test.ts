/** Who goes next: urgent calls first, nobody for ever last, and never anybody twice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type InLine,
  OVERTAKEN_MAX,
  type Priority,
  WaitingLine,
} from '../../src/pacing/waiting-line.ts';

const LANES = [{}, {}, {}] as const;
const callIn = fc.record({
  lane: fc.constantFrom(...LANES),
  priority: fc.constantFrom<Priority>('interactive', 'batch'),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), call: callIn }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('next' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const), at: fc.nat(20) }) },
);
const all = (): boolean => true;

describe('a waiting line', () => {
  test('lets each call go once, in the order of its lane and priority, whatever comes, leaves and comes back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const line = new WaitingLine<InLine>();
        let waiting: InLine[] = [];
        const gone: InLine[] = [];
        let place = 0;
        for (const each of steps) {
          if (each.kind === 'add') {
            place += 1;
            const call = { ...each.call, place };
            line.add(call);
            waiting.push(call);
          } else if (each.kind === 'remove') {
            const call = waiting[each.at % Math.max(1, waiting.length)];
            if (call === undefined) continue;
            expect(line.remove(call)).toBe(true);
            expect(line.remove(call)).toBe(false);
            waiting = waiting.filter((other) => other !== call);
          } else if (each.kind === 'back') {
            const call = gone.splice(each.at % Math.max(1, gone.length), 1)[0];
            if (call === undefined) continue;
            line.add(call);
            waiting.push(call);
          } else {
            const call = line.next(all);
            expect(call === undefined).toBe(waiting.length === 0);
            if (call === undefined) continue;
            expect(waiting).toContain(call);
            const before = waiting.filter(
              ({ lane, priority, place: other }) =>
                lane === call.lane && priority === call.priority && other < call.place,
            );
            expect(before).toEqual([]);
            waiting = waiting.filter((other) => other !== call);
            gone.push(call);
          }
          expect(line.size).toBe(waiting.length);
          expect(new Set(line.all())).toEqual(new Set(waiting));
        }
      }),
    );
  });

  test('lets interactive calls go first, and a batch call at the latest after four of them', () => {
    fc.assert(
      fc.property(fc.array(callIn, { minLength: 1, maxLength: 60 }), (calls) => {
        const line = new WaitingLine<InLine>();
        for (const [place, call] of calls.entries()) line.add({ ...call, place });
        let overtakers = 0;
        for (let left = calls.length; left > 0; left -= 1) {
          const waiting = line.all();
          const batch = waiting.filter(({ priority }) => priority === 'batch').length;
          const call = line.next(all);
          if (call?.priority === 'batch') {
            const hasInteractive = batch < waiting.length;
            if (hasInteractive) expect(overtakers).toBe(OVERTAKEN_MAX);
            overtakers = 0;
          } else if (batch > 0) {
            overtakers += 1;
            expect(overtakers).toBeLessThanOrEqual(OVERTAKEN_MAX);
          }
        }
        expect(line.next(all)).toBeUndefined();
      }),
    );
  });

  test('lanes take turns, however many calls one of them has', () => {
    const line = new WaitingLine<InLine & { readonly name: string }>();
    const [first, second] = LANES;
    for (let place = 0; place < 4; place += 1) {
      line.add({ lane: first, priority: 'interactive', place, name: `heap ${place}` });
    }
    line.add({ lane: second, priority: 'interactive', place: 4, name: 'other' });
    const order = Array.from({ length: 5 }, () => line.next(all)?.name);
    expect(order).toEqual(['heap 0', 'other', 'heap 1', 'heap 2', 'heap 3']);
  });

  test('asks only for the first of each lane and priority, and takes out none that may not go', () => {
    const line = new WaitingLine<InLine>();
    const [lane] = LANES;
    for (let place = 0; place < 3; place += 1) line.add({ lane, priority: 'batch', place });
    const asked: number[] = [];
    expect(line.next(({ place }) => asked.push(place) < 0)).toBeUndefined();
    expect(asked).toEqual([0]);
    expect(line.size).toBe(3);
  });
});
