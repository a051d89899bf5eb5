/** `policies.*`: the rules of the installation. They are above all tenants, so they need a scope of their own. */
import { createRouter, procedureFor } from '../procedure.ts';
import {
  explainPoliciesInput,
  listPromotionsInput,
  putPoliciesInput,
} from '../schemas/policies.ts';

export const policiesRouter = createRouter({
  get: procedureFor('operator').query(({ ctx }) => ctx.service.getPolicies(ctx.principal)),
  put: procedureFor('operator')
    .input(putPoliciesInput)
    .mutation(({ ctx, input }) => ctx.service.putPolicies(ctx.principal, input)),
  promotions: procedureFor('operator')
    .input(listPromotionsInput)
    .query(({ ctx, input }) => ctx.service.listPromotions(ctx.principal, input)),
  explain: procedureFor('admin')
    .input(explainPoliciesInput)
    .query(({ ctx, input }) => ctx.service.explainPolicies(ctx.principal, input)),
});
