import { type KnownNames, problemsOf } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { CREDIT_EACH, policies } from './sets.ts';

const said = (set: object, known?: KnownNames) =>
  problemsOf(policies(set), known).map(({ record, message }) => `${record} ${message}`);
const pro = {
  plans: [
    {
      name: 'pro',
      budgets: [{ name: 'bonus', on: { kind: 'user' }, limitUsd: '1.00' }],
    },
  ],
  assignments: [{ tenant: 'acme', plan: 'pro' }],
};
const on = { kind: 'user', name: 'alice' };
const override = (budget: string, change: unknown, more: object = {}) => ({
  budgetOverrides: [{ id: 'o', tenant: 'acme', on, budget, change, ...more }],
});
const grant = (budget: string, more: object = {}) => ({
  grants: [{ id: 'g', tenant: 'acme', on, budget, amountUsd: '1.00', ...more }],
});
const alter = { alter: { limitUsd: '2.00' } };

describe('what matches nothing is reported (F13)', () => {
  it.each<[string, object, string[]]>([
    ['nothing', {}, []],
    [
      'an assignment of a plan that does not exist',
      { assignments: [{ tenant: 'acme', scope: on, plan: 'pr0' }] },
      [
        'assignment of acme user:alice names the plan "pr0", which there is not, so it has no effect',
      ],
    ],
    [
      'an assignment of a plan without a rule for such a scope',
      { ...pro, assignments: [{ tenant: 'acme', scope: { kind: 'key', name: 'k' }, plan: 'pro' }] },
      ['assignment of acme key:k has no effect, for the plan "pro" has no rule for key:k'],
    ],
    [
      'a plan that nobody has',
      { plans: [{ name: 'idle' }] },
      ['plan "idle" is assigned to nobody, and no promotion is about it'],
    ],
    [
      'an override of a budget that does not exist',
      override('credits', alter),
      ['override "o" matches nothing: there is no budget "credits" on user:alice for it to change'],
    ],
    [
      'the removal of a budget that is on other scopes',
      override('credit', 'remove', { on: { kind: 'team', name: 'red' } }),
      ['override "o" matches nothing: there is no budget "credit" on team:red for it to change'],
    ],
    ['an override of a budget of the tenant’s plan', { ...pro, ...override('bonus', alter) }, []],
    [
      'an override of a budget of a plan that the tenant does not have',
      { ...pro, ...override('bonus', alter, { tenant: 'zoo' }) },
      ['override "o" matches nothing: there is no budget "bonus" on user:alice for it to change'],
    ],
    ['an override that adds', override('credits', { set: { limitUsd: '2.00' } }), []],
    [
      'an override of what the same scope’s override adds, for it takes its place',
      {
        budgetOverrides: [
          { id: 'a', tenant: 'acme', on, budget: 'x', change: { set: { limitUsd: '1' } } },
          { id: 'b', tenant: 'acme', on, budget: 'x', from: '2026-11-01', change: alter },
        ],
      },
      ['override "b" matches nothing: there is no budget "x" on user:alice for it to change'],
    ],
    [
      'an override of what the tenant’s override adds',
      {
        budgetOverrides: [
          {
            id: 'a',
            tenant: 'acme',
            on: { kind: 'user' },
            budget: 'x',
            change: { set: { limitUsd: '1' } },
          },
          { id: 'b', tenant: 'acme', on, budget: 'x', change: alter },
        ],
      },
      [],
    ],
    [
      'an override of a rate that is for the other class',
      {
        defaults: {
          budgets: [CREDIT_EACH],
          rates: [
            { name: 'r', on: { kind: 'user' }, counts: 'requests', limiter: { algorithm: 'x' } },
          ],
        },
        rateOverrides: [
          { id: 'o', tenant: 'acme', on, rate: 'r', class: 'anonymous', change: 'remove' },
        ],
      },
      ['override "o" matches nothing: there is no rate "r" on user:alice for it to change'],
    ],
    ['a grant on a budget', grant('credit'), []],
    [
      'a grant on a budget that does not exist',
      grant('credits'),
      ['grant "g" matches nothing: there is no budget "credits" on user:alice for it to change'],
    ],
    [
      'a grant on a budget that an override adds, and one for everybody',
      {
        ...override('x', { set: { limitUsd: '1' } }),
        grants: [...grant('x').grants, ...grant('x', { id: 'all', on: { kind: 'user' } }).grants],
      },
      [],
    ],
    [
      'a kind of scope that nobody declared',
      { defaults: { budgets: [CREDIT_EACH, { ...CREDIT_EACH, on: { kind: 'uesr' } }] } },
      [
        'defaults, budget "credit" is on scopes of the kind "uesr", which matches nothing: correct it, or add it to scopeKinds',
      ],
    ],
    [
      'a kind of scope that somebody declared',
      {
        defaults: { budgets: [CREDIT_EACH, { ...CREDIT_EACH, on: { kind: 'project' } }] },
        scopeKinds: ['project'],
      },
      [],
    ],
    [
      'overrides that begin together',
      {
        budgetOverrides: ['b', 'a', 'c'].map((id) => ({
          id,
          tenant: 'acme',
          on,
          budget: 'credit',
          change: alter,
        })),
      },
      [
        'override "b" begins together with "a", which counts instead; date them apart',
        'override "c" begins together with "b", which counts instead; date them apart',
      ],
    ],
    [
      'a promotion between plans of which one does not exist',
      { ...pro, promotions: [{ from: 'pro', to: 'max', spentUsd: '1', ageDays: 0 }] },
      ['promotion from "pro" to "max" names the plan "max", which there is not'],
    ],
  ])('%s', (_title, set, problems) => {
    expect(said(set)).toEqual(problems);
  });

  it('a limit on a model that has no price', () => {
    const model = { ...CREDIT_EACH, on: { kind: 'model', name: 'gpt-9' } };
    const known = { model: (name: string) => name === 'gpt-4o' };
    expect(said({ defaults: { budgets: [CREDIT_EACH, model] } }, known)).toEqual([
      'defaults, budget "credit" is on model "gpt-9", which there is not, so it matches nothing',
    ]);
    const good = { ...CREDIT_EACH, on: { kind: 'model', name: 'gpt-4o' } };
    expect(said({ defaults: { budgets: [CREDIT_EACH, good] } }, known)).toEqual([]);
  });
});
