import OpenAI from 'openai';
import { bursar } from './bursar.ts';

const plain = new OpenAI();

// The possible cost of all lines is set aside before there is a batch.
export async function startBatch(user: string, questions: readonly string[]): Promise<string> {
  const openai = bursar.wrap(plain, { user });
  const lines = questions.map((content, at) => {
    const body = {
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content }],
      max_completion_tokens: 300,
    };
    const line = { custom_id: `${at}`, method: 'POST', url: '/v1/chat/completions', body };
    return JSON.stringify(line);
  });
  const file = await openai.files.create({
    purpose: 'batch',
    file: new File([lines.join('\n')], 'questions.jsonl'),
  });
  const batch = await openai.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  return batch.id;
}

// Hours later, in any process that has a wrapped client. Whoever started the batch pays.
export async function collectBatch(id: string): Promise<string | undefined> {
  const openai = bursar.wrap(plain, { user: 'collector' });
  const { output_file_id: output } = await openai.batches.retrieve(id);
  return output === undefined ? undefined : await (await openai.files.content(output)).text();
}
