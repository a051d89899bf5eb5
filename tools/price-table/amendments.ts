/**
 * What the price table says other than its source, each with its reason, source and date.
 *
 * Amendments are written in the source's own form and go through the same conversion. One that is no longer
 * needed, because the source has caught up, fails the build.
 */
import type {
  SourceDatedPrices,
  SourceMatch,
  SourceModel,
  SourcePrices,
} from './source-catalogue.ts';

/** A change of one model of the source, or a model that it lacks. */
export interface Amendment {
  readonly model: string;
  readonly because: string;
  readonly source: string;
  /** ISO date. */
  readonly retrievedOn: string;
  /** Prices that the source lacks for the model; all of them, when it lacks the model. */
  readonly prices: SourcePrices;
  /** Replaces the match rule; needed when the source lacks the model. */
  readonly match?: SourceMatch;
}

/** `models` with `amendments`; models that the source lacks come last. */
export function amend(
  models: readonly SourceModel[],
  amendments: readonly Amendment[],
): readonly SourceModel[] {
  const known = new Set(models.map(({ id }) => id));
  const amended = models.map((model) => {
    const amendment = amendments.find((candidate) => candidate.model === model.id);
    return amendment === undefined ? model : extend(model, amendment);
  });
  const added = amendments.filter(({ model }) => !known.has(model)).map(addedModel);
  for (const { id, match } of added) {
    const ids = 'or' in match ? match.or : [match];
    for (const rule of ids) {
      if (
        'equals' in rule &&
        models.some((model) => JSON.stringify(model.match).includes(`"${rule.equals}"`))
      ) {
        throw new Error(`the source now has ${rule.equals}: remove the amendment of ${id}`);
      }
    }
  }
  return [...amended, ...added];
}

function extend(model: SourceModel, { prices, match }: Amendment): SourceModel {
  const dated: readonly SourceDatedPrices[] = Array.isArray(model.prices)
    ? (model.prices as readonly SourceDatedPrices[])
    : [{ prices: model.prices as SourcePrices }];
  for (const key of Object.keys(prices)) {
    if (dated.some((price) => price.prices[key] !== undefined)) {
      throw new Error(`the source now has ${key} of ${model.id}: remove the amendment`);
    }
  }
  return {
    id: model.id,
    match: match ?? model.match,
    prices: dated.map((price) => ({ ...price, prices: { ...price.prices, ...prices } })),
  };
}

function addedModel({ model, match, prices }: Amendment): SourceModel {
  if (match === undefined) throw new Error(`the source has no model ${model}, so it needs a match`);
  return { id: model, match, prices };
}
