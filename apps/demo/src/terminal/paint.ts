/**
 * Colours by what they mean. None when the output is no terminal, or by NO_COLOR (https://no-color.org);
 * FORCE_COLOR wins, as everywhere in Node.
 */
import { styleText } from 'node:util';

const painted = (style: Parameters<typeof styleText>[0]) => (text: string) =>
  styleText(style, text, { stream: process.stdout });

export const paint = {
  heading: painted(['bold', 'cyan']),
  strong: painted('bold'),
  quiet: painted('dim'),
  good: painted('green'),
  warning: painted('yellow'),
  bad: painted('red'),
} as const;
