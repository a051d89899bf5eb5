import { denialOf } from '@bursar/client';
import OpenAI from 'openai';
import { bursar } from './bursar.ts';

export interface ReportJob {
  readonly id: string;
  readonly user: string;
  readonly chapters: readonly string[];
  /** Tells whoever waits how far it is. */
  progress(done: number, costUsd: string): Promise<void>;
}

const plain = new OpenAI();

// The calls of one report are one session: they can have a budget of their own, and a sum.
export async function writeReport(job: ReportJob): Promise<'done' | 'out of credit'> {
  const session = bursar.session(job.id);
  const openai = session.wrap(plain, { user: job.user, callMsMax: 900_000 });
  for (const [index, chapter] of job.chapters.entries()) {
    try {
      await openai.responses.create({ model: 'gpt-4o-mini', input: `Write: ${chapter}` });
    } catch (error) {
      // Trying again does not help before there is credit again: give the job back to later.
      if (denialOf(error) !== undefined) return 'out of credit';
      throw error;
    }
    const { costUsd } = await session.summary();
    await job.progress(index + 1, costUsd);
  }
  return 'done';
}

// Before the process ends: what is under way is settled.
export async function stop(): Promise<void> {
  await bursar.close();
}
