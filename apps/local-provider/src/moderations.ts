/** `POST /v1/moderations`: nothing is ever flagged, and nothing is charged. */
import { missingField } from './api-error.ts';
import type { Exchange } from './exchange.ts';
import type { JsonObject } from './request-fields.ts';

export function answerModerations(exchange: Exchange, body: JsonObject): void {
  const { input, model = 'omni-moderation-latest' } = body;
  if (input === undefined) throw missingField('input');
  const inputs = Array.isArray(input) ? input : [input];
  const results = inputs.map(() => ({ flagged: false, categories: {}, category_scores: {} }));
  exchange.answer({ id: exchange.newId('modr-'), model, results }, null);
}
