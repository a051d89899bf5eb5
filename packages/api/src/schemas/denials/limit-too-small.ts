import type { MoneyDenial } from './denial.ts';

/** The call may cost more than a whole limit: it fits in no period unless the limit is raised. */
export interface LimitTooSmall extends MoneyDenial<'limit_too_small'> {
  readonly fitsAgainAt: null;
}
