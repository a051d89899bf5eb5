/** Which budget is followed, as the server is asked for it. */
import type { LiveUsageInput } from '@bursar/api';
import { BursarError } from '@bursar/core';
import type { LiveUsageQuery, ScopeName } from './transport.ts';

/** A message that asks for live usage. */
export type LiveSubject = Omit<LiveUsageInput, 'lastEventId'>;

/** What `query` is about. Throws `input_invalid` for several scopes, and for none. */
export function liveSubjectOf({ user, scope, budget }: LiveUsageQuery): LiveSubject {
  return {
    ...(scope === undefined ? { user } : { scope: scopeOf(scope) }),
    ...(budget === undefined ? {} : { budget }),
  };
}

function scopeOf(scope: ScopeName): { readonly kind: string; readonly name: string } {
  const [first, ...others] = Object.entries(scope);
  const { kind, name } = scope as { readonly kind?: string; readonly name?: string };
  if (others.length === 1 && kind !== undefined && name !== undefined) return { kind, name };
  if (first !== undefined && others.length === 0) return { kind: first[0], name: first[1] };
  throw new BursarError('input_invalid', {
    field: 'scope',
    message: "scope must be one kind with one name, like { team: 'growth' }",
  });
}
