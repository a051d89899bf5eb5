/**
 * Which models exist, and under which name they answer.
 *
 * Any name of OpenAI's families is accepted, so that tests may invent one; a real alias answers as the
 * dated snapshot behind it, as OpenAI does, because a meter has to price the name in the answer.
 * Snapshots: https://platform.openai.com/docs/models, each model's page.
 */
import { ApiError, invalidField, missingField } from './api-error.ts';
import type { JsonObject } from './request-fields.ts';

/** What deployments of Azure are called here: this, then the model that they answer as. */
const DEPLOYMENT = /^prod-/;

const ACCEPTED =
  /^(?:prod-|gpt-|chatgpt-|o[0-9]|text-embedding-|tts-|whisper-|dall-e-|davinci-|babbage-)/;

/** Alias → snapshot. Everything else answers under its own name. */
const SNAPSHOTS: ReadonlyMap<string, string> = new Map([
  ['gpt-4o', 'gpt-4o-2024-08-06'],
  ['gpt-4o-mini', 'gpt-4o-mini-2024-07-18'],
  ['gpt-4.1', 'gpt-4.1-2025-04-14'],
  ['gpt-4.1-mini', 'gpt-4.1-mini-2025-04-14'],
  ['gpt-4.1-nano', 'gpt-4.1-nano-2025-04-14'],
  ['gpt-5', 'gpt-5-2025-08-07'],
  ['gpt-5-mini', 'gpt-5-mini-2025-08-07'],
  ['gpt-5-nano', 'gpt-5-nano-2025-08-07'],
  ['o1', 'o1-2024-12-17'],
  ['o3', 'o3-2025-04-16'],
  ['o3-mini', 'o3-mini-2025-01-31'],
  ['o4-mini', 'o4-mini-2025-04-16'],
]);

const EMBEDDING_MODELS = ['text-embedding-3-small', 'text-embedding-3-large'];

/** The name in the answer to a request for `model`. */
export function answeredModel(model: string): string {
  const deployed = model.replace(DEPLOYMENT, '');
  return SNAPSHOTS.get(deployed) ?? deployed;
}

/** The request's model. Throws 400 when there is none, 404 when it does not exist. */
export function requestedModel(body: JsonObject): string {
  const model = body['model'];
  if (model === undefined || model === null || model === '') throw missingField('model');
  if (typeof model !== 'string') throw invalidField('model', 'a string');
  if (!ACCEPTED.test(model)) {
    const message = `The model \`${model}\` does not exist or you do not have access to it.`;
    throw new ApiError(message, { status: 404, code: 'model_not_found' });
  }
  return model;
}

/** The body of `GET /v1/models`: the aliases, their snapshots, the embedding models. */
export function modelList(): object {
  const names = [...new Set([...SNAPSHOTS].flat()), ...EMBEDDING_MODELS];
  return { object: 'list', data: names.map(modelObject) };
}

function modelObject(id: string): object {
  return { id, object: 'model', created: 1_700_000_000, owned_by: 'local-provider' };
}
