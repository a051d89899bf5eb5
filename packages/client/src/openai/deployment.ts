/**
 * Azure's deployments: requests name a deployment, which says nothing of the model that it is of, nor of its price. Only
 * the option `deployments` does, or a price table that has the deployment as a model of a provider of its own.
 */
import { BursarError } from '@bursar/core';
import type { Metering } from '../wrap-options.ts';

const IN_PATH = /\/openai\/deployments\/([^/]+)\//;
const HOSTS = /\.(openai\.azure|cognitiveservices\.azure|services\.ai\.azure)\.(com|us|cn)$/;

/** The model whose price applies to a request to `url` that names `named`. Throws `price_unknown` for a deployment of which nothing is said. */
export function pricedModel(
  url: string,
  named: string,
  { deployments, provider }: Pick<Metering, 'deployments' | 'provider'>,
): string {
  const { hostname, pathname, searchParams } = new URL(url);
  const inPath = IN_PATH.exec(pathname)?.[1];
  const isAzure = inPath !== undefined || HOSTS.test(hostname) || searchParams.has('api-version');
  if (!isAzure) return named;
  const deployment = inPath === undefined ? named : decoded(inPath);
  const model =
    deployments !== undefined && Object.hasOwn(deployments, deployment)
      ? deployments[deployment]
      : undefined;
  if (model !== undefined) return model;
  if (provider !== undefined && deployments === undefined) return deployment;
  const name = JSON.stringify(deployment.slice(0, 80));
  throw new BursarError('price_unknown', {
    field: 'deployments',
    message: `The deployment ${name} was not called: nothing says which model it is of. Name it in the option deployments: { ${name}: 'gpt-4o' }.`,
  });
}

/** A part of a path as it was before it was encoded; as it is where it never was. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
