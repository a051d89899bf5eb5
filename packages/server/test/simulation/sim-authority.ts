/** The authority behind a simulated link: every method is a request that may get lost on the way or back. */
import type { Authority } from '@bursar/core';
import { type SimLink, unavailable } from './sim-link.ts';

/** `authority` as a server sees it. */
export function linkedAuthority(
  authority: Authority,
  link: SimLink,
  isUp: () => boolean,
): Authority {
  return new Proxy(authority, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        link.call(async () => {
          if (!isUp()) throw unavailable('the authority is down');
          return (await Reflect.apply(value, target, args)) as unknown;
        });
    },
  });
}
