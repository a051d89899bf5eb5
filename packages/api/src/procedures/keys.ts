/** `keys.*`: users' own keys at a provider. Only `keys.open` ever answers with a key. */
import { createRouter, procedureFor } from '../procedure.ts';
import {
  listKeysInput,
  openKeyInput,
  registerKeyInput,
  rejectKeyInput,
  revokeKeyInput,
} from '../schemas/keys.ts';

export const keysRouter = createRouter({
  register: procedureFor('admin')
    .input(registerKeyInput)
    .mutation(({ ctx, input }) => ctx.service.registerKey(ctx.principal, input)),
  list: procedureFor('admin')
    .input(listKeysInput)
    .query(({ ctx, input }) => ctx.service.listKeys(ctx.principal, input)),
  // Changes nothing, and is still no query: what a GET answers may be kept by whoever passes it on.
  open: procedureFor('meter')
    .input(openKeyInput)
    .mutation(({ ctx, input }) => ctx.service.openKey(ctx.principal, input)),
  reject: procedureFor('meter')
    .input(rejectKeyInput)
    .mutation(({ ctx, input }) => ctx.service.rejectKey(ctx.principal, input)),
  revoke: procedureFor('admin')
    .input(revokeKeyInput)
    .mutation(({ ctx, input }) => ctx.service.revokeKey(ctx.principal, input)),
});
