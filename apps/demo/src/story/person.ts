/** The people of the story: who they are, and which plan they have. */

/** The people, in the order in which they are shown. */
export const PEOPLE = ['alice', 'bob', 'carol'] as const;

/** One of them. */
export type Person = (typeof PEOPLE)[number];

/** What people can subscribe to. */
export const PLANS = ['pro', 'free'] as const;

/** One plan. */
export type Plan = (typeof PLANS)[number];

/** Who has which. */
export const PLAN_OF: Readonly<Record<Person, Plan>> = { alice: 'pro', bob: 'free', carol: 'pro' };

/** The organisation that all of them work for. */
export const ORG = 'acme';
