/** One panel of a plot: lines over a common horizontal axis, as SVG text. d3 computes scales and paths. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { area, curveMonotoneX, curveStepAfter, line } from 'd3-shape';
import type { Tone } from './theme.ts';

/** A point; without a value the line has a gap. */
export interface Point {
  readonly x: number;
  readonly y: number | undefined;
}

/** A line. */
export interface Series {
  readonly name: string;
  readonly tone: Tone;
  readonly points: readonly Point[];
  readonly look?: 'line' | 'thin' | 'dashed' | 'area';
  /** Whether a value holds until the next one, as a count does. */
  readonly isStepped?: boolean;
}

/** A stretch of the horizontal axis with a name. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly isFault: boolean;
}

/** What a panel shows. */
export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  /** `log`: for what varies by orders of magnitude; values below `floor` are drawn at it. */
  readonly scale?: 'linear' | 'log';
  readonly format: (value: number) => string;
  /** Values that the vertical axis has at least. */
  readonly least?: readonly [number, number];
}

/** Where a panel is, in pixels of the plot. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The horizontal axis that panels share. */
export interface XAxis {
  readonly domain: readonly [number, number];
  readonly scale?: 'linear' | 'log';
  readonly ticks?: readonly number[];
  readonly format: (value: number) => string;
  /** Whether the ticks have their numbers: under the last panel. */
  readonly isLabelled: boolean;
}

const Y_TICKS = 4;
const X_TICKS = 8;
/** Pixels from the title's baseline to the top of a panel. */
const TITLE_GAP = 10;
/** Width of a letter of the legend, about, in pixels. */
const LETTER = 6.4;
const LEGEND_SWATCH = 16;
const LEGEND_GAP = 18;
/** What a logarithmic axis begins at, at least. */
const LOG_FLOOR = 0.1;

/** The panel as SVG elements. */
export function drawPanel(panel: Panel, box: Box, xAxis: XAxis, bands: readonly Band[]): string {
  const { left, top, width, height } = box;
  const x = (xAxis.scale === 'log' ? scaleLog() : scaleLinear())
    .domain([...xAxis.domain])
    .range([left, left + width]);
  const y = verticalScale(panel, top, height);
  const clamp = (value: number): number => y(Math.max(value, y.domain()[0] ?? 0));
  const xTicks = xAxis.ticks ?? x.ticks(X_TICKS);
  return [
    ...bands.map((band) => drawBand(band, x, box)),
    ...yTicks(panel, y).map(
      (tick) =>
        `<line class="grid" x1="${left}" x2="${left + width}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
        `<text class="tick" x="${left - 8}" y="${px(y(tick) + 3.5)}" text-anchor="end">${escaped(panel.format(tick))}</text>`,
    ),
    ...(xAxis.isLabelled
      ? xTicks.map(
          (tick) =>
            `<text class="tick" x="${px(x(tick))}" y="${top + height + 17}" text-anchor="middle">${escaped(xAxis.format(tick))}</text>`,
        )
      : []),
    ...panel.series.map((series) => drawSeries(series, x, clamp, top + height)),
    `<text class="panel" x="${left}" y="${top - TITLE_GAP}">${escaped(panel.title)}</text>`,
    legend(panel.series, left + width, top - TITLE_GAP),
  ].join('');
}

type Scale = ReturnType<typeof verticalScale>;

function verticalScale({ series, scale, least }: Panel, top: number, height: number) {
  const values = series
    .flatMap(({ points }) => points.map(({ y }) => y))
    .filter((y) => y !== undefined);
  const all = [...values, ...(least ?? [])];
  if (scale === 'log') {
    const positive = all.filter((value) => value > 0);
    const from = Math.max(LOG_FLOOR, Math.min(1, ...positive));
    const to = Math.max(10, ...positive);
    return scaleLog()
      .domain([from, to])
      .range([top + height, top])
      .nice();
  }
  return scaleLinear()
    .domain([0, Math.max(...all, least?.[1] ?? Number.EPSILON)])
    .range([top + height, top])
    .nice(Y_TICKS);
}

function yTicks({ scale }: Panel, y: Scale): readonly number[] {
  if (scale !== 'log') return y.ticks(Y_TICKS);
  const [from = 1, to = 1] = y.domain();
  const decades = Math.round(Math.log10(to / from));
  return Array.from({ length: decades + 1 }, (_, decade) => from * 10 ** decade);
}

function drawBand({ from, to, name, isFault }: Band, x: Scale, { top, height }: Box): string {
  if (!isFault) return '';
  const [left, right] = [px(x(from)), px(x(to))];
  const edge = (at: number): string =>
    `<line class="fault-edge" x1="${at}" x2="${at}" y1="${top}" y2="${top + height}"/>`;
  return (
    `<rect class="fault" x="${left}" y="${top}" width="${px(right - left)}" height="${height}"><title>${escaped(name)}</title></rect>` +
    edge(left) +
    edge(right)
  );
}

function drawSeries(
  { points, tone, look = 'line', isStepped = false }: Series,
  x: Scale,
  y: (value: number) => number,
  bottom: number,
): string {
  const isDefined = ({ y: value }: Point): boolean => value !== undefined;
  if (look === 'area') {
    const path = area<Point>()
      .defined(isDefined)
      .x((point) => x(point.x))
      .y0(bottom)
      .y1((point) => y(point.y ?? 0))
      .curve(curveMonotoneX)
      .digits(1)(points);
    return `<path class="area a-${tone}" d="${path ?? ''}"/>`;
  }
  const path = line<Point>()
    .defined(isDefined)
    .x((point) => x(point.x))
    .y((point) => y(point.y ?? 0))
    .curve(isStepped ? curveStepAfter : curveMonotoneX)
    .digits(1)(points);
  return `<path class="line l-${tone}${look === 'line' ? '' : ` ${look}`}" d="${path ?? ''}"/>`;
}

/** Names with their colours, set to the right of `right`. */
function legend(series: readonly Series[], right: number, baseline: number): string {
  let at = right;
  return series
    .toReversed()
    .map(({ name, tone, look = 'line' }) => {
      at -= name.length * LETTER;
      const text = `<text class="tick" x="${px(at)}" y="${baseline}">${escaped(name)}</text>`;
      at -= LEGEND_SWATCH + 6;
      const swatch =
        look === 'area'
          ? `<rect class="area a-${tone}" x="${px(at)}" y="${baseline - 9}" width="${LEGEND_SWATCH}" height="10"/>`
          : `<line class="line l-${tone}${look === 'line' ? '' : ` ${look}`}" x1="${px(at)}" x2="${px(at + LEGEND_SWATCH)}" y1="${baseline - 4}" y2="${baseline - 4}"/>`;
      at -= LEGEND_GAP;
      return swatch + text;
    })
    .join('');
}

/** Text as it may stand in XML. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
