/** `meter.*`: around each call to a model. */
import { mutation } from '../direct-procedure.ts';
import { createRouter } from '../procedure.ts';
import { extendInput } from '../schemas/extend.ts';
import { releaseInput } from '../schemas/release.ts';
import { reserveInput } from '../schemas/reserve.ts';
import { settleInput } from '../schemas/settle.ts';

export const meterRouter = createRouter({
  reserve: mutation('meter', reserveInput, (service, principal, input) =>
    service.reserve(principal, input),
  ),
  extend: mutation('meter', extendInput, (service, principal, input) =>
    service.extend(principal, input),
  ),
  settle: mutation('meter', settleInput, (service, principal, input) =>
    service.settle(principal, input),
  ),
  release: mutation('meter', releaseInput, (service, principal, input) =>
    service.release(principal, input),
  ),
});
