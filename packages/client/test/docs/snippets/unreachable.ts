import { connect } from '@bursar/client';
import { fileJournal } from '@bursar/client/journal';
import OpenAI from 'openai';

const { BURSAR_URL = '', BURSAR_TOKEN = '', BURSAR_JOURNAL = './bursar-journal' } = process.env;

const bursar = connect({
  url: BURSAR_URL,
  token: BURSAR_TOKEN,
  journal: fileJournal({
    directory: BURSAR_JOURNAL,
    onEvent: ({ kind }) => process.stderr.write(`bursar journal: ${kind}\n`),
  }),
});

// Answered also while nobody hears Bursar, and booked then later.
export async function askAnyway(user: string, input: string): Promise<string> {
  const openai = bursar.wrap(new OpenAI(), {
    user,
    whenUnreachable: 'allow',
    decisionMsMax: 2_000,
  });
  const { output_text } = await openai.responses.create({ model: 'gpt-4o-mini', input });
  return output_text;
}

// Before the process ends. What is kept is told by the next one.
export async function leave(): Promise<number> {
  const { kept } = await bursar.close({ waitMsMax: 5_000 });
  return kept;
}
