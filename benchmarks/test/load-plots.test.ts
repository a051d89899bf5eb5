import { describe, expect, test } from 'vitest';
import { drawPlot, type Plot } from '../src/load/plots/plot.ts';

const PLOT: Plot = {
  title: 'Fast & <slow>',
  subtitle: 'on "this" machine',
  panels: [
    {
      title: 'Wait, ms',
      scale: 'log',
      format: String,
      series: [
        { name: 'ours', tone: 'ours', points: [1, 10, 100].map((y, x) => ({ x, y })) },
        {
          name: 'with a gap',
          tone: 'direct',
          points: [
            { x: 0, y: 5 },
            { x: 1, y: undefined },
            { x: 2, y: 0 },
          ],
        },
      ],
    },
    { title: 'Nothing', format: String, series: [{ name: 'none', tone: 'plain', points: [] }] },
  ],
  bands: [{ from: 0.5, to: 1, name: 'Redis away', isFault: true }],
  xAxis: { domain: [0, 2], format: String },
  xTitle: 'seconds',
};

describe('a plot', () => {
  const svg = drawPlot(PLOT);

  test('is one SVG with nothing from elsewhere, readable in light and in dark', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.match(/<svg/g)).toHaveLength(1);
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg).not.toMatch(/href|url\(|@import|<script/);
  });

  test('writes names as text, whatever is in them', () => {
    expect(svg).toContain('>Fast &amp; &lt;slow></text>');
    expect(svg).toContain('&quot;this&quot;');
  });

  test('marks faults with their names', () => {
    expect(svg).toContain('class="fault"');
    expect(svg).toContain('>Redis away</text>');
  });

  test('has a number wherever one is needed, also without any point, across gaps and at zero', () => {
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
