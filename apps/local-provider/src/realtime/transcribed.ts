/** What is heard in a session, written down: always one word. */
import type { Line } from './accept-sockets.ts';
import { openSocketCall } from './socket-call.ts';

/** Tokens of a second that is heard. */
const HEARD_PER_SECOND = 10;

/** Writes `tokens` of sound down by `model`; the usage to report, null if it never comes to that. */
export function transcribed(line: Line, model: string, tokens: number): object | null {
  const call = openSocketCall(line, model, tokens);
  call.outputTokens = 1;
  line.log.end(call, line.script.hangs ? 'cut' : 'completed');
  if (line.script.hangs) return null;
  if (model.includes('whisper')) return { type: 'duration', seconds: tokens / HEARD_PER_SECOND };
  return {
    type: 'tokens',
    input_tokens: tokens,
    input_token_details: { text_tokens: 0, audio_tokens: tokens },
    output_tokens: 1,
    total_tokens: tokens + 1,
  };
}
