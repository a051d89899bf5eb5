/** What is known of transcripts, in a request of their own or on an open connection. */

/** Tokens of one at most: the page of gpt-4o-transcribe, developers.openai.com, read 2026-11-30. */
export const TRANSCRIPT_TOKENS_MAX = 2_000;
