/** Batches in an answer about them: those that have ended are settled, whoever has created them. */
import { responseWithBody } from '../../http/response-with-body.ts';
import { bytesWithoutTags, tagOf } from '../../http/job-tag.ts';
import { arrayOf, fieldOf, jsonIn, stringOf } from '../../http/json-fields.ts';
import { brokenBody } from '../../http/metered-answer.ts';
import type { SeenJobs } from '../../http/provider-api.ts';
import { readAll } from '../../http/read-all.ts';
import type { Spent } from '../../call-terms.ts';
import {
  hasEnded,
  isSilent,
  needsLines,
  NO_METADATA,
  outputFileOf,
  spentInLines,
  spentWithoutLines,
} from './batch-result.ts';
import { jsonLines } from './json-lines.ts';
import { fileContent } from './provider-file.ts';

/** What the caller is to see of `response`: one batch, or a list. One that is settled by its own sum is so by then. */
export async function seenBatches(response: Response, seen: SeenJobs): Promise<Response> {
  const { body } = response;
  if (body === null) return response;
  const { signal = new AbortController().signal } = seen.http;
  const { bytes, failure } = await readAll(body, signal);
  if (failure !== undefined) return responseWithBody(response, brokenBody(bytes, failure));
  const answer = jsonIn(bytes);
  const isList = fieldOf(answer, 'object') === 'list';
  const settling = settleAll(isList ? arrayOf(fieldOf(answer, 'data')) : [answer], seen);
  seen.unfinished.add(settling.all);
  if (!isList) await settling.atOnce;
  return responseWithBody(response, bytesWithoutTags(bytes, NO_METADATA));
}

/** Settles one after the other, so that a page of them does not storm Bursar. */
function settleAll(
  batches: readonly unknown[],
  seen: SeenJobs,
): { readonly atOnce: Promise<void>; readonly all: Promise<void> } {
  const byLines: unknown[] = [];
  const settle = async (batch: unknown, spent: Spent): Promise<void> => {
    await seen.settle(idOf(batch), { ...spent, reservation: tagOf(batch)?.reservation });
  };
  const atOnce = (async () => {
    for (const batch of batches) {
      const tag = tagOf(batch);
      const isOwn = seen.isOwn(idOf(batch));
      const isKnown = tag !== undefined && seen.isOver(tag.reservation);
      if (!hasEnded(batch) || isKnown || isSilent(batch) || (tag === undefined && !isOwn)) continue;
      // Without a tag nobody knows any more whether the sum tells.
      if (needsLines(batch, tag?.isByCall ?? true)) byLines.push(batch);
      else await settle(batch, spentWithoutLines(batch));
    }
  })();
  const all = atOnce.then(async () => {
    const { http, send } = seen;
    // Whoever asked may have left: what they saw the end of is settled all the same.
    const unhurried = { ...http, signal: undefined };
    for (const batch of byLines) {
      const file = await fileContent(unhurried, send, outputFileOf(batch) ?? '');
      await settle(batch, await spentInLines(jsonLines(file)));
    }
  });
  return { atOnce, all };
}

function idOf(batch: unknown): string {
  return stringOf(fieldOf(batch, 'id'));
}
