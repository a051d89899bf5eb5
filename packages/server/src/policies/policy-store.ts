/**
 * The policy store port: every policy set that was ever in force, in the order of their versions.
 *
 * A set is written once, with who put it and when, and never changed: the history is the audit. Whoever puts a
 * set says which one it follows, so that nobody undoes what they have not seen.
 */
import { BursarError, type InstantMs } from '@bursar/core';

/** Largest policy set, in bytes of its JSON: 4 MiB. Over HTTP the bound of request bodies comes first. */
export const POLICIES_BYTES_MAX = 4 * 2 ** 20;
/** Most sets that the history shows at once. */
export const POLICY_HISTORY_MAX = 100;

/** A policy set as it was put. */
export interface StoredPolicySet {
  /** 1 and up; 0 is what is built in, and never stored. */
  readonly version: number;
  /** The document in JSON, as people wrote it. */
  readonly document: string;
  /** The public id of the token that put it, who ran the command line, or `promotion`. */
  readonly putBy: string;
  /** Why, in the words of who put it. */
  readonly note: string | null;
  readonly putAtMs: InstantMs;
}

/** Where policy sets are kept. Methods throw `store_unavailable`. */
export interface PolicyStore {
  /** Whether other processes put sets into it, too. */
  readonly isShared: boolean;

  /** The set in force, if its version is above `above`. */
  newest(above: number): Promise<StoredPolicySet | undefined>;

  /**
   * Keeps `set` as the one in force. Throws `policy_conflict`, with nothing changed, unless the version in
   * force is `expected` and below that of `set`.
   */
  put(set: Omit<StoredPolicySet, 'putAtMs'>, expected: number): Promise<void>;

  /** The last sets, newest first, without their documents; at most `limit` (1 … `POLICY_HISTORY_MAX`). */
  history(limit: number): Promise<readonly Omit<StoredPolicySet, 'document'>[]>;

  /**
   * Calls `heard` when there may be a newer set, until the answer is called. Best effort: a push that is lost
   * is found by asking. Absent where nobody else puts sets.
   */
  listen?(heard: () => void): () => Promise<void>;
}

/** The refusal of a set that follows another than the one in force. */
export function policyConflict(expected: number, inForce: number): BursarError {
  return new BursarError('policy_conflict', {
    field: 'expectedVersion',
    message: `The policies in force are version ${inForce}, and what was put follows version ${expected}; nothing was changed. Read them again, make the change there, and raise the version.`,
  });
}

/** The refusal of a set whose version is not above the one in force. */
export function versionTooLow(version: number, inForce: number): BursarError {
  return new BursarError('policy_conflict', {
    field: 'document.version',
    message: `document.version must be above ${inForce}, which is in force, and is ${version}; nothing was changed.`,
  });
}
