/**
 * The slice of OpenAI's and Anthropic's clients that Bursar uses, declared here so that neither is imported and any
 * version, subclass (Azure) or compatible client fits. Read from `client.js` of openai 7.57.0, 2026-11-23, and of
 * @anthropic-ai/sdk 1.14.0, 2026-11-30:
 * `withOptions()` makes a new client of the same class that keeps every other option, and each client keeps
 * the `fetch` it was given, or the runtime's, in its field `fetch`, which its types hide.
 */

/** A client whose transport can be exchanged. */
export interface SdkClient {
  withOptions(options: { readonly fetch?: typeof fetch }): unknown;
}

/**
 * `client` with another `fetch`: a new one of the same class. Azure's of openai 6 does not keep its own options, and so
 * is told them again.
 */
export function withFetch<Client extends SdkClient>(
  client: Client,
  fetch: typeof globalThis.fetch,
): Client {
  const { apiVersion, deploymentName: deployment } = client as {
    readonly apiVersion?: unknown;
    readonly deploymentName?: unknown;
  };
  const ofAzure = typeof apiVersion === 'string' ? { apiVersion, deployment } : {};
  return client.withOptions({ ...ofAzure, fetch }) as Client;
}

/** The `fetch` that `client` sends its requests with. */
export function fetchOf(client: SdkClient): typeof fetch {
  const kept = (client as { readonly fetch?: unknown }).fetch;
  return typeof kept === 'function' ? (kept as typeof fetch) : globalThis.fetch;
}
