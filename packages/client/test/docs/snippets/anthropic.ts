import Anthropic from '@anthropic-ai/sdk';
import { denialOf } from '@bursar/client';
import { wrapAnthropic } from '@bursar/client/anthropic';
import { bursar } from './bursar.ts';

export async function askClaude(user: string, question: string): Promise<string> {
  const anthropic = wrapAnthropic(bursar, new Anthropic(), { user });
  try {
    const message = await anthropic.messages.create({
      model: 'claude-sonnet-4-6',
      max_tokens: 300,
      messages: [{ role: 'user', content: question }],
    });
    return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  } catch (error) {
    const denied = denialOf(error);
    if (denied === undefined) throw error;
    return denied.message;
  }
}
