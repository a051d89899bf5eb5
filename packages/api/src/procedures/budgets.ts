/** `budgets.*`: what people change on a budget. */
import { mutation } from '../direct-procedure.ts';
import { createRouter } from '../procedure.ts';
import { adjustInput, grantInput } from '../schemas/budgets.ts';

export const budgetsRouter = createRouter({
  grant: mutation('admin', grantInput, (service, principal, input) =>
    service.grant(principal, input),
  ),
  adjust: mutation('admin', adjustInput, (service, principal, input) =>
    service.adjust(principal, input),
  ),
});
