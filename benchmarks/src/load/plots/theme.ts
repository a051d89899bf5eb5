/**
 * How plots look: one style sheet inside each SVG, with colours for light and for dark. A plot has a ground of its
 * own, so that it reads on any page, whatever that page is like.
 */

/** What a line or an area stands for; the names are classes of the style sheet. */
export type Tone = 'ours' | 'ours-2' | 'direct' | 'direct-2' | 'plain';

interface Palette {
  readonly ground: string;
  readonly text: string;
  readonly faint: string;
  readonly grid: string;
  readonly fault: string;
  readonly tones: Readonly<Record<Tone, string>>;
}

const LIGHT: Palette = {
  ground: '#ffffff',
  text: '#1f2733',
  faint: '#667085',
  grid: '#e7eaee',
  fault: '#d92d20',
  tones: {
    ours: '#0b7285',
    'ours-2': '#66b9c7',
    direct: '#d9630a',
    'direct-2': '#f0ab72',
    plain: '#aab2bd',
  },
};

const DARK: Palette = {
  ground: '#12171f',
  text: '#e6eaf0',
  faint: '#95a0b0',
  grid: '#262e3a',
  fault: '#ff6b5e',
  tones: {
    ours: '#4dd0e1',
    'ours-2': '#2a8696',
    direct: '#ff9f55',
    'direct-2': '#a86a3a',
    plain: '#566173',
  },
};

const FONT =
  "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** The style sheet, with the dark colours for who prefers them. */
export function styleSheet(): string {
  return `${rules(LIGHT)}@media (prefers-color-scheme: dark){${rules(DARK)}}`;
}

function rules({ ground, text, faint, grid, fault, tones }: Palette): string {
  const toned = Object.entries(tones).map(
    ([tone, colour]) => `.l-${tone}{stroke:${colour}}.a-${tone}{fill:${colour}}`,
  );
  return [
    `text{font-family:${FONT};fill:${text};font-size:12px}`,
    `.title{font-size:17px;font-weight:650}.panel{font-size:12.5px;font-weight:600}`,
    `.faint{fill:${faint}}.tick{fill:${faint};font-size:11px}`,
    `.ground{fill:${ground};stroke:${grid}}.grid{stroke:${grid}}`,
    `.fault{fill:${fault};fill-opacity:.08}.fault-edge{stroke:${fault};stroke-opacity:.55;stroke-dasharray:3 3}`,
    `.fault-name{fill:${fault};font-size:11px;font-weight:600}`,
    `.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}.thin{stroke-width:1.1}`,
    `.dashed{stroke-dasharray:4 3}.area{fill-opacity:.16}`,
    ...toned,
  ].join('');
}
