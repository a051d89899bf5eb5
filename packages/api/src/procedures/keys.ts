/** `keys.*`: users' own keys at a provider. Only `keys.open` ever answers with a key. */
import { mutation, query } from '../direct-procedure.ts';
import { createRouter } from '../procedure.ts';
import {
  listKeysInput,
  openKeyInput,
  registerKeyInput,
  rejectKeyInput,
  revokeKeyInput,
} from '../schemas/keys.ts';

export const keysRouter = createRouter({
  register: mutation('admin', registerKeyInput, (service, principal, input) =>
    service.registerKey(principal, input),
  ),
  list: query('admin', listKeysInput, (service, principal, input) =>
    service.listKeys(principal, input),
  ),
  // Changes nothing, and is still no query: what a GET answers may be kept by whoever passes it on.
  open: mutation('meter', openKeyInput, (service, principal, input) =>
    service.openKey(principal, input),
  ),
  reject: mutation('meter', rejectKeyInput, (service, principal, input) =>
    service.rejectKey(principal, input),
  ),
  revoke: mutation('admin', revokeKeyInput, (service, principal, input) =>
    service.revokeKey(principal, input),
  ),
});
