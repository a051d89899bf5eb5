/** Files of JSON, one object a line, read as they arrive: a batch may be larger than what one wants in memory. */
import { BursarError } from '@bursar/core';
import { parseJson } from '../../http/json-fields.ts';

/** Longest file. OpenAI takes 200 MB; what comes back of that may be several times as much. */
const FILE_BYTES_MAX = 2 * 1024 ** 3;
/** Longest line, in UTF-16 units. */
const LINE_LENGTH_MAX = 64 * 1024 ** 2;

/** The lines of `body` that are not empty, parsed; `undefined` for one that is no JSON. Throws `input_invalid` for more than a file may have. */
export async function* jsonLines(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      bytes += value?.length ?? 0;
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = (rest + text).split('\n');
      rest = done ? '' : (lines.pop() ?? '');
      if (bytes > FILE_BYTES_MAX || rest.length > LINE_LENGTH_MAX) throw tooLong();
      for (const line of lines) if (line.trim() !== '') yield parseJson(line);
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function tooLong(): BursarError {
  return new BursarError('input_invalid', {
    field: 'input_file_id',
    message:
      'input_file_id is a file of more than 2 GiB, or of lines of more than 64 Mi characters',
  });
}
