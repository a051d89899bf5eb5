/** Compile-only: the table of the state machine refuses a hole, and core refuses I/O. */
import type { TransitionTable } from '@bursar/core';
import { expectTypeOf, it } from 'vitest';

type Cells = TransitionTable['reserved'];

it('has a cell for every command in every state', () => {
  expectTypeOf<keyof TransitionTable>().toEqualTypeOf<
    'absent' | 'reserved' | 'released' | 'expired' | 'settled'
  >();
  expectTypeOf<keyof Cells>().toEqualTypeOf<
    'reserve' | 'extend' | 'settle' | 'release' | 'expire' | 'ingest'
  >();
  expectTypeOf(compileOnly).toBeFunction();
});

/** Never called: what must not compile stands behind the directives, which fail the type check if it does. */
function compileOnly(full: TransitionTable): readonly TransitionTable[] {
  const { settle: _settle, ...withoutSettle } = full.reserved;
  // @ts-expect-error a state without its settle cell does not compile
  const holed: TransitionTable = { ...full, reserved: withoutSettle };
  const { expired: _expired, ...withoutExpired } = full;
  // @ts-expect-error a table without a state does not compile
  const stateless: TransitionTable = withoutExpired;
  return [holed, stateless];
}
