import { AzureOpenAI } from 'openai';
import { bursar } from './bursar.ts';

export async function askAzure(user: string, plain: AzureOpenAI, content: string) {
  // A deployment's name does not say what it costs; which model it is of does.
  const azure = bursar.wrap(plain, { user, deployments: { 'prod-gpt-4o-mini': 'gpt-4o-mini' } });
  const answer = await azure.chat.completions.create({
    model: 'prod-gpt-4o-mini',
    messages: [{ role: 'user', content }],
  });
  return answer.choices[0]?.message.content ?? '';
}
