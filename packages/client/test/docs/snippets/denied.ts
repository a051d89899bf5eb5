import { isDenied } from '@bursar/client';
import { ask } from './first-call.ts';

export async function askOrExplain(user: string, question: string): Promise<string> {
  try {
    return await ask(user, question);
  } catch (error) {
    if (!isDenied(error)) throw error;
    const { bursar: denied } = error.error;
    const hint = denied.outputTokensThatFit === null ? '' : ' Ask for a shorter answer.';
    return `${denied.message}${hint}`;
  }
}
