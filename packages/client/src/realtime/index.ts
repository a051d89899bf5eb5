/**
 * `@bursar/client/realtime`: connections of the openai package that stay open, metered turn by turn. The package
 * itself is not imported, so that any version fits.
 */
import type { Bursar } from '../connect.ts';
import { type Runtime, SYSTEM_RUNTIME } from '../runtime.ts';
import { meteringOf } from '../wrap-options.ts';
import { MeteredConnection } from './metered-connection.ts';
import { protocolOf } from './protocol-of.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { internalsOf, type SdkConnection } from './sdk-connection.ts';

export type { ConnectionOptions } from './connection-options.ts';
export type { SdkConnection } from './sdk-connection.ts';

/**
 * `connection`, metered from now on: an `OpenAIRealtimeWS` or `OpenAIRealtimeWebSocket` of the realtime API, or a
 * `ResponsesWS`. Each answer on it is a call of its own: its cost is set aside before it is asked for and settled when
 * it ends. What does not fit is not sent; the connection then has an `error` event, in the provider's form, which
 * `denialOf` understands, and stays open.
 *
 * Answers with the same object, because a second way to the same connection would be one past the meter. Meter it
 * right after it was made. Throws `input_invalid` for what is no such connection, or is metered already. `runtime` is
 * for tests.
 */
export function wrapRealtime<Connection extends SdkConnection>(
  bursar: Pick<Bursar, 'meter'>,
  connection: Connection,
  options: ConnectionOptions,
  runtime: Runtime = SYSTEM_RUNTIME,
): Connection {
  // Checked now, not with the first turn.
  meteringOf(options);
  const internals = internalsOf(connection);
  new MeteredConnection(internals, {
    meter: bursar.meter,
    options,
    protocol: protocolOf(connection.url, options.model),
    runtime,
  }).start();
  return connection;
}
