/**
 * What the price table says other than its source, each with its reason, source and date.
 *
 * Amendments are written in the source's own form and go through the same conversion. One that is no longer
 * needed, because the source has caught up, fails the build.
 */
import type { ByClass } from '../../packages/core/src/pricing/usage-class.ts';
import {
  datedPricesOf,
  isDated,
  type SourceDatedPrices,
  type SourceMatch,
  type SourceModel,
  type SourcePrices,
} from './source-catalogue.ts';

/** A change of one model of the source, or a model that it lacks. */
export interface Amendment {
  readonly model: string;
  readonly because: string;
  readonly source: string;
  /** ISO date. */
  readonly retrievedOn: string;
  /**
   * Prices that the source lacks for the model. All of them, when it lacks the model, and then several when
   * they have changed since.
   */
  readonly prices?: SourcePrices | readonly SourceDatedPrices[];
  readonly minimumUnits?: ByClass;
  /** Replaces the match rule; needed when the source lacks the model. */
  readonly match?: SourceMatch;
}

/**
 * `models` with `amendments`. Models that the source lacks come first: their ids are exact, while a pattern of
 * the source may well cover the successor of the model that it was written for.
 */
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
  for (const { id, match } of added) refuseKnownIds(id, match, models);
  return [...added, ...amended];
}

/** Models under ids that end in `:free`, which their seller gives away, with the zeros that the source leaves out. */
export function withFreeModels(models: readonly SourceModel[]): readonly SourceModel[] {
  return models.map((model) => {
    const rules = 'or' in model.match ? model.match.or : [model.match];
    const isFree = rules.every((rule) => 'equals' in rule && rule.equals.endsWith(':free'));
    const hasPrices = datedPricesOf(model).some(({ prices }) => Object.keys(prices).length > 0);
    if (!isFree || hasPrices) return model;
    return { ...model, prices: { input_mtok: 0, output_mtok: 0 } };
  });
}

function extend(model: SourceModel, { prices = {}, match, minimumUnits }: Amendment): SourceModel {
  if (isDated(prices)) throw new Error(`${model.id} is in the source: give what it lacks`);
  const dated = datedPricesOf(model);
  for (const key of Object.keys(prices)) {
    if (dated.some((price) => price.prices[key] !== undefined)) {
      throw new Error(`the source now has ${key} of ${model.id}: remove the amendment`);
    }
  }
  return {
    ...model,
    match: match ?? model.match,
    ...(minimumUnits !== undefined && { minimumUnits }),
    prices: dated.map((price) => ({ ...price, prices: { ...price.prices, ...prices } })),
  };
}

function addedModel({ model, match, prices, minimumUnits }: Amendment): SourceModel {
  if (match === undefined || prices === undefined) {
    throw new Error(`the source has no model ${model}, so it needs a match and prices`);
  }
  return { id: model, match, prices, ...(minimumUnits !== undefined && { minimumUnits }) };
}

function refuseKnownIds(added: string, match: SourceMatch, models: readonly SourceModel[]): void {
  for (const id of idsOf(match)) {
    if (models.some((model) => idsOf(model.match).includes(id))) {
      throw new Error(`the source now has ${id}: remove the amendment of ${added}`);
    }
  }
}

/** The exact ids in `match`. */
function idsOf(match: SourceMatch): readonly string[] {
  const rules = 'or' in match ? match.or : [match];
  return rules.flatMap((rule) => ('equals' in rule ? [rule.equals] : []));
}
