/** Key rings of the tests, and keys that look like a provider's. */
import fc from 'fast-check';
import { tenantId } from '@bursar/core';
import { KeyRing } from '../../src/own-keys/key-ring.ts';
import type { OwnKeyPlace } from '../../src/own-keys/own-key-store.ts';

/** The secret called `name`: the same name gives the same secret. */
export function secretNamed(name: string): string {
  return `${name}:${Buffer.from(name.padEnd(32, '.')).toString('base64')}`;
}

/** The configuration of a ring with these secrets, newest first. */
export function ringTextOf(...names: readonly string[]): string {
  return names.map(secretNamed).join(',');
}

/** A ring with these secrets, newest first. */
export function ringOf(...names: readonly string[]): KeyRing {
  return KeyRing.parse(ringTextOf(...names));
}

export const ALICE: OwnKeyPlace = {
  tenant: tenantId('acme'),
  user: 'alice',
  provider: 'openai',
};

/** Everything that a key may be. */
export const anyKey = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 8,
  maxLength: 512,
  size: 'max',
});
