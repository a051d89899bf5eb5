/** `policies.*`: the rules of the installation. They are above all tenants, so they need a scope of their own. */
import { z } from 'zod';
import { mutation, query } from '../direct-procedure.ts';
import { createRouter } from '../procedure.ts';
import {
  explainPoliciesInput,
  listPromotionsInput,
  putPoliciesInput,
} from '../schemas/policies.ts';

export const policiesRouter = createRouter({
  get: query('operator', z.object({}).optional(), (service, principal) =>
    service.getPolicies(principal),
  ),
  put: mutation('operator', putPoliciesInput, (service, principal, input) =>
    service.putPolicies(principal, input),
  ),
  promotions: query('operator', listPromotionsInput, (service, principal, input) =>
    service.listPromotions(principal, input),
  ),
  explain: query('admin', explainPoliciesInput, (service, principal, input) =>
    service.explainPolicies(principal, input),
  ),
});
