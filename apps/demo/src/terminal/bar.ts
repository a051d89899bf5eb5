/** Bars of a fixed width: parts of a whole, drawn with characters that also tell them apart without colour. */

/** One part of a bar. */
export interface BarPart {
  /** Of the whole, 0 to 1; what does not fit any more is cut off. */
  readonly share: number;
  readonly character: string;
  readonly paint: (text: string) => string;
}

/** A bar of `columns`. A part that is more than nothing gets at least one column while there is room. */
export function drawBar(
  parts: readonly BarPart[],
  columns: number,
  rest: BarPart['paint'],
): string {
  let bar = '';
  let left = columns;
  let reached = 0;
  for (const { share, character, paint } of parts) {
    const before = reached;
    reached += share;
    const wanted = Math.round(reached * columns) - Math.round(before * columns);
    const width = Math.min(left, Math.max(wanted, share > 0 ? 1 : 0));
    bar += paint(character.repeat(width));
    left -= width;
  }
  return bar + rest('·'.repeat(left));
}
