/** `limits.*`: what may be spent of a budget. */
import { mutation, query } from '../direct-procedure.ts';
import { createRouter } from '../procedure.ts';
import { clearLimitInput, getLimitInput, setLimitInput } from '../schemas/limits.ts';

export const limitsRouter = createRouter({
  get: query('read', getLimitInput, (service, principal, input) =>
    service.getLimit(principal, input),
  ),
  set: mutation('admin', setLimitInput, (service, principal, input) =>
    service.setLimit(principal, input),
  ),
  clear: mutation('admin', clearLimitInput, (service, principal, input) =>
    service.clearLimit(principal, input),
  ),
});
