/** A `fetch` that answers as a provider would, out of memory: no network hides what a client costs. */

const ANSWER = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_763_164_800,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'word '.repeat(100), refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 },
});

/** Answers every request with the same completion. */
export const instantFetch: typeof fetch = async () =>
  new Response(ANSWER, { status: 200, headers: { 'content-type': 'application/json' } });
