/** Carol's report: many calls at once, and three of OpenAI's endpoints, all from one budget. */
import { showUsd } from '../money/nano-usd.ts';
import { counted } from '../terminal/count.ts';
import { bookedIn } from './call-notes.ts';
import { bookedCall, directed, type Stage } from './stage.ts';

const CHAPTERS = [
  'Coins before banks',
  'The Medici and their branches',
  'Paper that is as good as gold',
  'Clearing houses',
  'The card and the hold',
  'Money as messages',
];
const CHAPTER = { outputTokensMax: 500, outputTokens: 350 };
const ABSTRACT = { outputTokensMax: 200, outputTokens: 90 };
const EMBEDDING_MODEL = 'text-embedding-3-small';
/** The first chapter's time, and how much longer each further one takes, in milliseconds. */
const DELAY_MS = { first: 900, step: 350 };

/** Plays the scene. */
export async function playReport(stage: Stage): Promise<void> {
  const { narrator, notes, clients, model } = stage;
  const client = clients.carol;
  await narrator.heading('2 · Carol has a long report written');
  await narrator.say(
    `${CHAPTERS.length} chapters at once, by the responses API. Each sets its own share aside, so that ` +
      'together they cannot spend more than there is.',
  );
  const chapters = await Promise.all(
    CHAPTERS.map(async (title, index) => {
      const response = await client.responses.create(
        {
          model,
          input: `Write about 250 words on: ${title}.`,
          max_output_tokens: CHAPTER.outputTokensMax,
        },
        directed(stage, {
          outputTokens: CHAPTER.outputTokens,
          delayMs: DELAY_MS.first + index * DELAY_MS.step,
        }),
      );
      return response.output_text;
    }),
  );
  const words = chapters.reduce((sum, text) => sum + text.split(/\s+/).length, 0);
  await narrator.say(
    `${chapters.length} chapters, ${words} words. Now an abstract, and an index to search in.`,
  );
  await Promise.all([
    client.chat.completions.create(
      {
        model,
        messages: [
          { role: 'system', content: 'Summarise the report in four sentences.' },
          { role: 'user', content: chapters.join('\n\n') },
        ],
        max_completion_tokens: ABSTRACT.outputTokensMax,
      },
      directed(stage, { outputTokens: ABSTRACT.outputTokens, delayMs: DELAY_MS.first }),
    ),
    client.embeddings.create({ model: EMBEDDING_MODEL, input: chapters }),
  ]);
  await bookedCall(stage, 'carol');
  const report = notes.of('carol');
  const heldNanoUsd = report.reduce((sum, note) => sum + note.heldNanoUsd, 0n);
  narrator.fact(
    `${counted(report.length, 'call')}: set aside ${showUsd(heldNanoUsd)} one after the other, ` +
      `booked ${showUsd(bookedIn(report))}`,
  );
}
