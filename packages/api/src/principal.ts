/** Who is calling: what a verified token stands for. */
import type { TenantId } from '@bursar/core';

/**
 * What a token allows: metering calls, reading usage, changing the limits of its tenant; and, of all tenants,
 * the policies of the installation.
 */
export type TokenScope = 'meter' | 'read' | 'admin' | 'operator';

/** Every scope, in the order in which they are shown. */
export const TOKEN_SCOPES: readonly TokenScope[] = ['meter', 'read', 'admin', 'operator'];

/** A verified caller. The tenant comes from the token only, never from a message. */
export interface Principal {
  /** The token's public id, for logs. */
  readonly tokenId: string;
  readonly tenant: TenantId;
  readonly scopes: readonly TokenScope[];
}
