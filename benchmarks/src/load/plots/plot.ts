/** A plot: panels over each other on one horizontal axis, as one SVG file. */
import { type Band, drawPanel, escaped, type Panel, type XAxis } from './panel.ts';
import { styleSheet } from './theme.ts';

/** What a plot shows. */
export interface Plot {
  readonly title: string;
  /** What it was made of and on. */
  readonly subtitle: string;
  readonly panels: readonly Panel[];
  readonly bands: readonly Band[];
  readonly xAxis: Omit<XAxis, 'isLabelled'>;
  readonly xTitle: string;
}

const WIDTH = 960;
const MARGIN = { left: 66, right: 26, top: 92, bottom: 50 };
const PANEL_HEIGHT = { first: 190, other: 96 };
/** Between two panels: the title of the lower one is there. */
const GAP = 42;

/** The SVG file. */
export function drawPlot({ title, subtitle, panels, bands, xAxis, xTitle }: Plot): string {
  const width = WIDTH - MARGIN.left - MARGIN.right;
  let top = MARGIN.top + (bands.some(({ isFault }) => isFault) ? 16 : 0);
  const firstTop = top;
  const drawn = panels.map((panel, index) => {
    const height = index === 0 ? PANEL_HEIGHT.first : PANEL_HEIGHT.other;
    const isLabelled = index === panels.length - 1;
    const box = { left: MARGIN.left, top, width, height };
    top += height + GAP;
    return drawPanel(panel, box, { ...xAxis, isLabelled }, bands);
  });
  const height = top - GAP + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(`${title}. ${subtitle}`)}">`,
    `<style>${styleSheet()}</style>`,
    `<rect class="ground" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>`,
    `<text class="title" x="24" y="34">${escaped(title)}</text>`,
    `<text class="faint" x="24" y="54">${escaped(subtitle)}</text>`,
    ...bandNames(bands, xAxis.domain, width, firstTop),
    ...drawn,
    `<text class="faint" x="${MARGIN.left + width / 2}" y="${height - 14}" text-anchor="middle">${escaped(xTitle)}</text>`,
    '</svg>\n',
  ].join('\n');
}

/** The names of faults, above the title of the first panel. */
function bandNames(
  bands: readonly Band[],
  [from, to]: readonly [number, number],
  width: number,
  top: number,
): readonly string[] {
  const at = (value: number): number => MARGIN.left + ((value - from) / (to - from)) * width;
  return bands
    .filter(({ isFault }) => isFault)
    .map(
      (band) =>
        `<text class="fault-name" x="${((at(band.from) + at(band.to)) / 2).toFixed(1)}" y="${top - 30}" text-anchor="middle">${escaped(band.name)}</text>`,
    );
}
