/**
 * `@bursar/client/anthropic`: clients of `@anthropic-ai/sdk`, metered. The package itself is not imported, so that
 * any version and subclass fits.
 */
import type { Bursar } from '../connect.ts';
import { fetchOf, type SdkClient } from '../http/sdk-client.ts';
import type { WrapOptions } from '../wrap-options.ts';
import { ANTHROPIC_API } from './anthropic-api.ts';

export { ANTHROPIC_API } from './anthropic-api.ts';

/**
 * `client`, metered: of the same class, with the same options. Messages and their streams are charged to
 * `options.user`; counting tokens is free; batches and agents are refused. A refused call is an error of the
 * SDK's own classes, which `denialOf` understands.
 */
export function wrapAnthropic<Client extends SdkClient, Kind extends string = string>(
  bursar: Pick<Bursar<Kind>, 'fetch'>,
  client: Client,
  options: WrapOptions<NoInfer<Kind>>,
): Client {
  const fetch = bursar.fetch(options, fetchOf(client), ANTHROPIC_API);
  return client.withOptions({ fetch }) as Client;
}
