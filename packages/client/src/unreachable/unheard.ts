/**
 * Failures in which nobody heard Bursar's server, apart from those that it answers with. A server that answers that
 * its stores are away has decided to refuse, as its operator wants; one that is not heard has decided nothing.
 */
import type { BursarError } from '@bursar/core';

const unheard = new WeakSet<object>();

/** Marks `error` as one in which nobody heard the server. */
export function asUnheard(error: BursarError): BursarError {
  unheard.add(error);
  return error;
}

/** Whether `error` is one in which nobody heard the server. */
export function isUnheard(error: unknown): error is BursarError {
  return typeof error === 'object' && error !== null && unheard.has(error);
}
