import { denialOf } from '@bursar/client';
import OpenAI from 'openai';
import { bursar } from './bursar.ts';

export async function askAndLog(user: string, log: (line: string) => void): Promise<void> {
  const openai = bursar.wrap(new OpenAI(), {
    user,
    onDecision: ({ model }, { decision }) => log(`${model}: ${decision}`),
    onSettled: (_call, { costUsd, basis }) => log(`$${costUsd}, ${basis}`),
    onSettleFailed: ({ reservation }, error) => log(`${reservation}: ${String(error)}`),
  });
  try {
    await openai.responses.create({ model: 'gpt-4o-mini', input: 'Hello' });
  } catch (error) {
    if (denialOf(error) === undefined) throw error;
  }
}
