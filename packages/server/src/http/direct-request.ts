/**
 * Which requests are answered without tRPC's adapter: those that are plain, and nearly all are.
 *
 * Plain are queries by GET and mutations by POST, alone or in a batch, of procedures that there are, in the form that
 * clients send. Whatever is not, or may not be, is left to the adapter: what is understood here must be a part of what
 * it understands, never something else.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type DirectProcedure, directProcedures } from '@bursar/api';
import { LRUCache } from 'lru-cache';
import { BATCH_CALLS_MAX, isJson, PROCEDURES_PATH, URL_LENGTH_MAX } from './route.ts';

/** Targets that are remembered, and the longest of them. */
const TARGETS_MAX = 1_000;
const TARGET_LENGTH_MAX = 2_048;

/** Names as procedures have them, between commas. Nothing that a parser of URLs would read otherwise. */
const PATHS = /^[A-Za-z]+\.[A-Za-z]+(?:,[A-Za-z]+\.[A-Za-z]+)*$/;
const QUERY_OF_GET = /^(batch=1&)?input=([\w%.!~*'()-]*)$/;

/** One call in a request. */
export interface DirectCall {
  readonly path: string;
  readonly procedure: DirectProcedure;
}

/** What is called, by a URL without its inputs. */
export interface DirectTarget {
  readonly calls: readonly DirectCall[];
  readonly isBatch: boolean;
}

/** A plain request. */
export interface DirectRequest {
  readonly target: DirectTarget;
  /** The input as JSON, of a query; a mutation has it in its body. */
  readonly query?: string;
}

const TARGETS = new LRUCache<string, DirectTarget>({ max: TARGETS_MAX });

/** `request` as a plain one, if it is. Reads no body. */
export function directRequestOf(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
): DirectRequest | undefined {
  const { method, url = '', headers } = request;
  if (wantsStream(headers)) return undefined;
  const type = headers['content-type'];
  if (method === 'POST') {
    if (type !== 'application/json' && !isJson(type)) return undefined;
    const target = targetOf(url, 'mutation');
    return target && { target };
  }
  if (method !== 'GET' || url.length > URL_LENGTH_MAX) return undefined;
  if (type !== undefined && !isJson(type)) return undefined;
  const [path = '', search, ...more] = url.split('?');
  if (more.length > 0) return undefined;
  if (search === undefined) {
    const target = targetOf(path, 'query');
    return target && { target };
  }
  const match = QUERY_OF_GET.exec(search);
  const query = decoded(match?.[2]);
  if (query === undefined) return undefined;
  const target = targetOf(match?.[1] === undefined ? path : `${path}?batch=1`, 'query');
  return target && { target, query };
}

/** The input of each call of `target` in `json`; nothing when `json` is not as it should be. */
export function inputsIn(target: DirectTarget, json: string): readonly unknown[] | undefined {
  let parsed: unknown;
  try {
    parsed = json === '' ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!target.isBatch) return [parsed];
  if (parsed === undefined) return target.calls.map(() => undefined);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const inputs = parsed as Readonly<Record<number, unknown>>;
  return target.calls.map((_call, index) => inputs[index]);
}

function targetOf(url: string, type: DirectProcedure['type']): DirectTarget | undefined {
  const known = TARGETS.get(url);
  if (known !== undefined) return isOf(known, type) ? known : undefined;
  const target = parsedTarget(url);
  if (target === undefined || !isOf(target, type)) return undefined;
  if (url.length <= TARGET_LENGTH_MAX) TARGETS.set(url, target);
  return target;
}

function parsedTarget(url: string): DirectTarget | undefined {
  if (!url.startsWith(PROCEDURES_PATH)) return undefined;
  const isBatch = url.endsWith('?batch=1');
  const names = url.slice(PROCEDURES_PATH.length, isBatch ? -'?batch=1'.length : undefined);
  if (!PATHS.test(names)) return undefined;
  const paths = names.split(',');
  if (paths.length > (isBatch ? BATCH_CALLS_MAX : 1)) return undefined;
  const calls: DirectCall[] = [];
  for (const path of paths) {
    const procedure = directProcedures.get(path);
    if (procedure === undefined) return undefined;
    calls.push({ path, procedure });
  }
  return { calls, isBatch };
}

function isOf({ calls }: DirectTarget, type: DirectProcedure['type']): boolean {
  return calls.every(({ procedure }) => procedure.type === type);
}

/** Whether the answer should come in pieces, which only the adapter does. */
function wantsStream(headers: IncomingHttpHeaders): boolean {
  return headers['trpc-accept'] !== undefined || headers.accept?.includes('jsonl') === true;
}

/** What tRPC's adapter would call a missing or a broken input is left to it. */
function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
