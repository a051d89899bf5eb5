/** Fitting styled text into a terminal's width. Counts one column for a character: the demo writes no others. */
import { stripVTControlCharacters } from 'node:util';

/** Columns that `text` takes, colours aside. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** `text` if it fits into `columns`; else its beginning, without colours, and an ellipsis. */
export function fitted(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return `${stripVTControlCharacters(text).slice(0, Math.max(0, columns - 1))}…`;
}

/** `text` broken at blanks into lines of at most `columns`; a longer word gets a line of its own. */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
