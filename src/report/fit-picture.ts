/** One picture of how well a generator fits its trace: what was recorded against what the generator draws. */
import { element, text } from './plots/svg.ts';

/** Share of values that are at most so large; ascending. */
export interface PictureCurve {
  readonly value: number;
  readonly share: number;
}

export interface PicturePanel {
  readonly title: string;
  /** Below the title. */
  readonly remark: string;
  readonly kind: 'rates' | 'durations' | 'amounts';
  /** `rates`: a value for each hour; else distributions. */
  readonly recorded: readonly PictureCurve[];
  readonly simulated: readonly PictureCurve[];
}

const PANEL = { width: 520, height: 300, left: 56, right: 16, top: 52, bottom: 34 };
const RECORDED = '#2563a8';
const SIMULATED = '#c2410c';
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';
const HEAD_HEIGHT = 56;

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** A whole SVG document. */
export function fitPicture(title: string, panels: readonly PicturePanel[]): string {
  const width = PANEL.width * 2;
  const height = HEAD_HEIGHT + PANEL.height * Math.ceil(panels.length / 2);
  const parts = panels.map((panel, i) => {
    const x = (i % 2) * PANEL.width;
    const y = HEAD_HEIGHT + Math.floor(i / 2) * PANEL.height;
    return element('g', { transform: `translate(${String(x)} ${String(y)})` }, drawPanel(panel));
  });
  const head = [
    text(16, 26, title, { 'font-size': 16, 'font-weight': 'bold' }),
    line(16, 44, 46, 44, RECORDED, 4),
    text(52, 48, 'recorded'),
    line(126, 44, 156, 44, SIMULATED, 1.6),
    text(162, 48, 'drawn by the fitted generator'),
  ];
  const background = element('rect', { width, height, fill: '#ffffff' });
  const box = `0 0 ${String(width)} ${String(height)}`;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" width="${String(width)}" height="${String(height)}" ${FONT}>`;
  return `${open}${background}${head.join('')}${parts.join('')}</svg>\n`;
}

function drawPanel(panel: PicturePanel): string {
  const { title, remark, kind, recorded, simulated } = panel;
  const heading = [text(16, 18, title, { 'font-weight': 'bold' }), text(16, 36, remark, { fill: '#555555' })];
  if (recorded.length === 0 && simulated.length === 0) {
    return [...heading, text(PANEL.left, 120, 'nothing was recorded')].join('');
  }
  const x = horizontal(panel);
  const y = kind === 'rates' ? ratesScale(panel) : shares();
  const bottom = PANEL.height - PANEL.bottom;
  const grid = [
    ...x.ticks.map(({ value, label }) => {
      const at = x.at(value);
      const tick = text(at, bottom + 18, label, { 'text-anchor': 'middle', fill: '#555555' });
      return line(at, PANEL.top, at, bottom, '#e5e5e5', 1) + tick;
    }),
    ...y.ticks.map(({ value, label }) => {
      const at = y.at(value);
      const tick = text(PANEL.left - 6, at + 4, label, { 'text-anchor': 'end', fill: '#555555' });
      return line(PANEL.left, at, PANEL.width - PANEL.right, at, '#e5e5e5', 1) + tick;
    }),
  ];
  const curves = [
    element('path', {
      d: steps(recorded, x, y, kind),
      fill: 'none',
      stroke: RECORDED,
      'stroke-width': 4,
      'stroke-opacity': '0.45',
    }),
    element('path', { d: steps(simulated, x, y, kind), fill: 'none', stroke: SIMULATED, 'stroke-width': 1.6 }),
  ];
  return [...heading, ...grid, ...curves].join('');
}

/** A distribution rises at its values; a rate holds for its hour. */
function steps(curve: readonly PictureCurve[], x: Scale, y: Scale, kind: PicturePanel['kind']): string {
  const first = curve.at(0);
  if (first === undefined) return '';
  const point = (value: number, share: number): string => `${fixed(x.at(value))} ${fixed(y.at(share))}`;
  let path = kind === 'rates' ? `M${point(first.value, first.share)}` : `M${fixed(PANEL.left)} ${fixed(y.at(0))}`;
  let before = kind === 'rates' ? first.share : 0;
  for (const { value, share } of curve) {
    path += `L${point(value, before)}L${point(value, share)}`;
    before = share;
  }
  return kind === 'rates'
    ? `${path}L${point((curve.at(-1)?.value ?? 0) + 1, before)}`
    : `${path}L${fixed(PANEL.width - PANEL.right)} ${fixed(y.at(1))}`;
}

function horizontal({ kind, recorded, simulated }: PicturePanel): Scale {
  const values = [...recorded, ...simulated].map(({ value }) => value);
  if (kind === 'rates') return hours(Math.max(...values.slice(0, 1), largestOf(values)) + 1);
  const positive = values.filter((value) => value > 0);
  const low = positive.length === 0 ? 1 : smallestOf(positive);
  const high = Math.max(largestOf(positive), low * 2);
  return logarithmic(low, high, kind === 'durations' ? DURATIONS : amounts(low, high));
}

function hours(end: number): Scale {
  const at = linear(0, end, PANEL.left, PANEL.width - PANEL.right);
  const step = [1, 3, 6, 24, 168, 720, 2160, 8760].find((candidate) => end / candidate <= 9) ?? Math.ceil(end / 8);
  const ticks: { value: number; label: string }[] = [];
  for (let hour = 0; hour <= end; hour += step) {
    ticks.push({ value: hour, label: step >= 24 ? `${String(hour / 24)} d` : `${String(hour)} h` });
  }
  return { at, ticks };
}

function ratesScale({ recorded, simulated }: PicturePanel): Scale {
  const most = Math.max(1e-9, largestOf([...recorded, ...simulated].map(({ share }) => share)));
  const step = roundStep(most / 4);
  const ticks: { value: number; label: string }[] = [];
  for (let i = 0; i * step <= most * 1.05; i++) ticks.push({ value: i * step, label: shortNumber(i * step) });
  return { at: linear(0, most * 1.05, PANEL.height - PANEL.bottom, PANEL.top), ticks };
}

function shares(): Scale {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, label: `${String(value * 100)} %` }));
  return { at: linear(0, 1, PANEL.height - PANEL.bottom, PANEL.top), ticks };
}

const DURATIONS = [
  [0.001, '1 ms'], [1, '1 s'], [10, '10 s'], [60, '1 min'], [600, '10 min'], [3600, '1 h'], [36_000, '10 h'],
  [86_400, '1 d'], [864_000, '10 d'], [8_640_000, '100 d'],
] as const;

function amounts(low: number, high: number): readonly (readonly [number, string])[] {
  const ticks: (readonly [number, string])[] = [];
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  for (let power = from; power <= to; power++) {
    for (const digit of to - from > 3 ? [1] : [1, 2, 5]) {
      const value = digit * Number(`1e${String(power)}`);
      ticks.push([value, shortNumber(value)]);
    }
  }
  return ticks;
}

function logarithmic(low: number, high: number, known: readonly (readonly [number, string])[]): Scale {
  const scale = linear(Math.log(low * 0.8), Math.log(high * 1.25), PANEL.left, PANEL.width - PANEL.right);
  const at = (value: number): number => Math.max(PANEL.left, scale(Math.log(Math.max(value, low * 0.8))));
  const ticks = known
    .filter(([value]) => value >= low * 0.8 && value <= high * 1.25)
    .map(([value, label]) => ({ value, label }));
  return { at, ticks };
}

function linear(low: number, high: number, from: number, to: number): (value: number) => number {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function roundStep(wanted: number): number {
  const power = Number(`1e${String(Math.floor(Math.log10(wanted)))}`);
  return ([1, 2, 5, 10].find((digit) => digit * power >= wanted) ?? 10) * power;
}

function shortNumber(value: number): string {
  return value >= 10_000 ? `${String(Number((value / 1000).toPrecision(3)))} k` : String(Number(value.toPrecision(3)));
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width: number): string {
  return element('line', { x1, y1, x2, y2, stroke, 'stroke-width': width });
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function largestOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function smallestOf(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}
