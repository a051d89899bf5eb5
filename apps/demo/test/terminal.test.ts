import { expect, test } from 'vitest';
import { drawBar } from '../src/terminal/bar.ts';
import { showDuration } from '../src/terminal/duration.ts';
import { Screen } from '../src/terminal/screen.ts';
import { fitted, wrapped } from '../src/terminal/text-width.ts';

function screenOf(isTTY: boolean) {
  const written: string[] = [];
  const output = { isTTY, columns: 20, write: (text: string) => written.push(text) };
  return { screen: new Screen(output), written };
}

test('without a terminal only lines are written, and no control characters', () => {
  const { screen, written } = screenOf(false);
  screen.bottom(['a bar']);
  screen.line('hello');
  screen.close();
  expect(written).toEqual(['hello\n']);
});

test('on a terminal the bottom is drawn anew below each line, and the cursor comes back', () => {
  const { screen, written } = screenOf(true);
  screen.bottom(['one', 'two, which is far too long']);
  screen.line('hello');
  screen.close();
  expect(written).toEqual([
    '\x1b[?25l\r\x1b[Jone\ntwo, which is far …\n',
    '\x1b[?25l\x1b[2A\r\x1b[Jhello\none\ntwo, which is far …\n',
    '\x1b[?25l\x1b[2A\r\x1b[J',
    '\x1b[?25h',
  ]);
});

test('a bar shows every part that is more than nothing, and never outgrows itself', () => {
  const plain = (text: string) => text;
  const bar = (spent: number, held: number) =>
    drawBar(
      [
        { share: spent, character: '#', paint: plain },
        { share: held, character: '+', paint: plain },
      ],
      10,
      plain,
    );
  expect(bar(0, 0)).toBe('··········');
  expect(bar(0.5, 0.2)).toBe('#####++···');
  expect(bar(0.001, 0.001)).toBe('#+········');
  expect(bar(0.9, 0.9)).toBe('#########+');
  expect(bar(2, 1)).toBe('##########');
});

test('text is cut and wrapped to a width', () => {
  expect(fitted('\x1b[31mred\x1b[39m', 3)).toBe('\x1b[31mred\x1b[39m');
  expect(fitted('\x1b[31mred\x1b[39m', 2)).toBe('r…');
  expect(wrapped('to be or  not to be', 8)).toEqual(['to be or', 'not to', 'be']);
});

test('durations read well', () => {
  expect(showDuration(41_234)).toBe('41.2 s');
  expect(showDuration(59_960)).toBe('1 min 0 s');
  expect(showDuration(3_501_722)).toBe('58 min 22 s');
});
