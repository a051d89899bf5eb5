/** Ids of leases as they are kept: a UUID in sixteen bytes, and anything else as it is. */
import type { LeaseId } from '@bursar/core';
import { uuidOf } from './packed-reader.ts';
import { writeUuid } from './packed-writer.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_BYTES = 16;

/** What `unpackLease` undoes. `id` has neither blanks nor anything that is not ASCII. */
export function packLease(id: LeaseId): Uint8Array {
  if (!UUID.test(id)) return Buffer.from(id.length === UUID_BYTES ? `${id} ` : id, 'latin1');
  const bytes = Buffer.alloc(UUID_BYTES);
  writeUuid(id, 0, bytes, 0);
  return bytes;
}

/** The lease behind what is kept, a character for each byte. */
export function unpackLease(binary: string): LeaseId {
  return (binary.length === UUID_BYTES ? uuidOf(binary) : binary.trimEnd()) as LeaseId;
}
