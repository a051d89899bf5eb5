/** Calls that are charged by the character, the image or the length of sound: what the price has of it counts. */
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { expect, it } from 'vitest';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const reservation = idOf(1);
/** A guess at tokens, for models that are charged by them. */
const TOKENS = { inputTokens: 100, outputTokensMax: 1_000 };

async function reserve(model: string, estimate: object) {
  const { bursar } = open();
  return await bursar.meter.reserve({
    reservation,
    user: 'alice',
    model,
    estimate: { ...TOKENS, ...estimate },
  });
}

function open() {
  const opened = openTestService({ prices: DEFAULT_PRICE_TABLE });
  return { ...opened, bursar: opened.as() };
}

it('a model that is charged by something else is reserved by that, and not by tokens', async () => {
  const otherUnits = { textCharacters: 1_000 };
  expect(await reserve('tts-1', { otherUnits })).toMatchObject({
    decision: 'allowed',
    heldUsd: '0.015',
    chargedBy: ['textCharacters'],
  });
});

it('a model that is charged by tokens is reserved by those, and not by anything else', async () => {
  const plain = await reserve('gpt-4o', {});
  const other = await reserve('gpt-4o', { otherUnits: { textCharacters: 1_000, images: 3 } });
  expect(other).toEqual(plain);
  expect(other).not.toHaveProperty('chargedBy');
});

it('what the price has is taken, whatever else is named', async () => {
  const otherUnits = { textCharacters: 9, hdImages: 2 };
  expect(await reserve('dall-e-3', { otherUnits })).toMatchObject({
    heldUsd: '0.16',
    chargedBy: ['hdImages'],
  });
});

it('a model that the price has nothing of is refused', async () => {
  const call = reserve('whisper-1', { otherUnits: { textCharacters: 9 } });
  expect(await refusalOf(call)).toMatchObject({
    code: 'price_unknown',
    field: 'estimate.inputTokens',
  });
});

it('tokens are no other units', async () => {
  const call = reserve('tts-1', { otherUnits: { inputTokens: 9 } });
  expect(await refusalOf(call)).toMatchObject({ code: 'input_invalid' });
});

it('a repeat is answered as before, and one with other units is another request', async () => {
  const { bursar } = open();
  const ask = async (images: number) =>
    await bursar.meter.reserve({
      reservation,
      user: 'alice',
      model: 'dall-e-3',
      estimate: { ...TOKENS, otherUnits: { images } },
    });
  await ask(1);
  expect(await ask(1)).toMatchObject({ replayed: true, chargedBy: ['images'] });
  expect(await refusalOf(ask(2))).toMatchObject({ code: 'idempotency_key_reused' });
});

it('what was charged is in the ledger by its units', async () => {
  const { bursar } = open();
  await bursar.meter.reserve({
    reservation,
    user: 'alice',
    model: 'whisper-1',
    estimate: { ...TOKENS, otherUnits: { audioInputMilliseconds: 90_000 } },
  });
  const usage = { audioInputMilliseconds: 61_000 };
  expect(await bursar.meter.settle({ reservation, usage })).toMatchObject({ costUsd: '0.0061' });
  const { entries } = await bursar.usage.history({ user: 'alice' });
  expect(entries[0]?.detail).toMatchObject({ usage });
});
