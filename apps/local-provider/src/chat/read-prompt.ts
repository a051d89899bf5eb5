/** The text of chat messages, as the token rule sees it. */
import { asArray, asObject } from '../request-fields.ts';
import { type Reading, readText, startReading } from '../words.ts';

/**
 * Reads string contents, text parts, refusals and the arguments of earlier tool calls. Names, roles,
 * images and audio have no tokens here.
 */
export function readPrompt(messages: readonly unknown[]): Reading {
  const reading = startReading();
  for (const message of messages) {
    const { content, tool_calls: toolCalls } = asObject(message) ?? {};
    if (typeof content === 'string') readText(reading, content);
    for (const part of asArray(content)) readPart(reading, part);
    for (const toolCall of asArray(toolCalls)) {
      const args = asObject(asObject(toolCall)?.['function'])?.['arguments'];
      if (typeof args === 'string') readText(reading, args);
    }
  }
  return reading;
}

function readPart(reading: Reading, part: unknown): void {
  const { text, refusal } = asObject(part) ?? {};
  if (typeof text === 'string') readText(reading, text);
  if (typeof refusal === 'string') readText(reading, refusal);
}
