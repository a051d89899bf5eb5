/** `meter.release`: the call will not happen; give back what was set aside. */
import { z } from 'zod';
import { reservationField } from './fields.ts';
import type { BudgetView } from './budget-view.ts';
import type { ModeView } from './mode.ts';

export const releaseInput = z.strictObject({ reservation: reservationField });

export type ReleaseInput = z.input<typeof releaseInput>;

export interface ReleaseOutput {
  readonly outcome: 'released';
  readonly reservation: string;
  readonly replayed: boolean;
  readonly budgets: readonly BudgetView[];
  readonly mode: ModeView;
}
