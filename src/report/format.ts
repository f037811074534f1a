/**
 * Numbers as text, the same on every machine: no locale function. One rule per unit, used by the terminal tables and
 * the HTML page alike. `-` stands for a value that does not exist.
 */

export const ABSENT = '-';

/** `12345678.5` becomes `12,345,678.5`; below ten thousand there are no separators. */
export function formatCount(value: number | null, decimals = 0): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  const text = value.toFixed(decimals);
  return Math.abs(value) < 10_000 ? text : groupThousands(text);
}

/** Three significant digits, at most `1,234,567` and at least `0.00123`; trailing zeros of a fraction are dropped. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return formatCount(value, Number.isInteger(value) || size >= 1000 ? 0 : 1);
  if (size >= 0.001)
    return dropTrailingZeros(value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5));
  return value.toExponential(2);
}

/** A share from 0 to 1 as per cent: `61.3%`. */
export function formatShare(value: number | null, decimals = 1): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  return `${(value * 100).toFixed(decimals)}%`;
}

/** `0s`, `350µs`, `12.3ms`, `4.56s`, `42.1s`, `4m32s`, `3h05m`, `2d04h`. */
export function formatSeconds(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  if (value < 0) return `-${formatSeconds(-value)}`;
  if (value < 0.000_000_5) return '0s';
  if (value < 0.000_999_5) return `${trimTo3(value * 1_000_000)}µs`;
  if (value < 0.999_5) return `${trimTo3(value * 1000)}ms`;
  if (value < 59.95) return `${trimTo3(value)}s`;
  const seconds = Math.round(value);
  if (seconds < 3600) return twoUnits(seconds, 60, 'm', 's');
  const minutes = Math.round(value / 60);
  if (minutes < 1440) return twoUnits(minutes, 60, 'h', 'm');
  return twoUnits(Math.round(value / 3600), 24, 'd', 'h');
}

/** By its unit, as metrics are declared with: times, shares, hours of pods and nodes, or a number. */
export function formatAmount(value: number, unit: string): string {
  if (unit === 's') return formatSeconds(value);
  if (unit === 'share') return formatShare(value);
  if (unit.endsWith('-seconds')) return `${formatNumber(value / 3600)} ${unit.replace(/seconds$/u, 'hours')}`;
  return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
}

export function formatPlural(count: number, singular: string): string {
  return `${formatCount(count)} ${count === 1 ? singular : `${singular}s`}`;
}

/** `nodeCrash`, `scale-up` and `SCALE_UP` as words: `node crash`, `scale up`. */
export function humanize(identifier: string): string {
  return identifier
    .replace(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .replace(/[-_]+/gu, ' ')
    .toLowerCase()
    .trim();
}

/**
 * Ascending: numbers by value and before words, words by code unit. For keys of records, whose own order means nothing.
 */
export function sortedKeys(record: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(record).sort(compareKeys);
}

export function compareKeys(a: string, b: string): number {
  const x = a.trim() === '' ? Number.NaN : Number(a);
  const y = b.trim() === '' ? Number.NaN : Number(b);
  if (!Number.isNaN(x) && !Number.isNaN(y) && x !== y) return x - y;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupThousands(text: string): string {
  const [whole, fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/gu, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function trimTo3(value: number): string {
  return dropTrailingZeros(value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2));
}

function dropTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/u, '') : text;
}

function twoUnits(total: number, per: number, large: string, small: string): string {
  return `${Math.floor(total / per)}${large}${String(total % per).padStart(2, '0')}${small}`;
}
