/** Settings of a trace format: checked when a scenario is read, looked up when the trace is opened. */
import { assert } from '../../base/assert.ts';
import { parseDuration } from '../../base/duration.ts';
import { nearestName } from '../../base/input-error.ts';
import { milliFromText, tryParseQuantity, unitsFromText } from '../../base/quantity.ts';
import type { Micros } from '../../base/time.ts';
import {
  catalogEntry,
  MACHINE_CATALOG,
  type MachineFormatName,
  type TraceFormatName,
  type TraceSetting,
  type TraceSettings,
} from './catalog.ts';

export type { TraceSettings } from './catalog.ts';

export interface SettingMistake {
  readonly name: string;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

export type CheckedSettings =
  | { readonly settings: TraceSettings; readonly mistakes: null }
  | { readonly settings: null; readonly mistakes: readonly SettingMistake[] };

/** What was given, with the format's defaults for the rest. */
export function checkSettings(format: TraceFormatName, given: Readonly<Record<string, unknown>>): CheckedSettings {
  return checkAgainst(format, catalogEntry(format).settings, given);
}

/** The same for a machine list. */
export function checkMachineSettings(
  format: MachineFormatName,
  given: Readonly<Record<string, unknown>>,
): CheckedSettings {
  return checkAgainst(format, MACHINE_CATALOG[format], given);
}

function checkAgainst(
  format: string,
  known: readonly TraceSetting[],
  given: Readonly<Record<string, unknown>>,
): CheckedSettings {
  const mistakes: SettingMistake[] = [];
  for (const name of Object.keys(given)) {
    if (known.some((setting) => setting.name === name)) continue;
    const names = known.map((setting) => setting.name);
    const expected = names.length === 0 ? 'which has none' : `expected ${names.join(', ')}`;
    mistakes.push({
      name,
      message: `the format ${format} has no setting "${name}": ${expected}`,
      suggestion: nearestName(name, names),
    });
  }
  const values: Record<string, string | number> = {};
  for (const setting of known) {
    const value = Object.hasOwn(given, setting.name) ? given[setting.name] : setting.fallback;
    const read = readSetting(setting, value);
    if (read === null) mistakes.push({ name: setting.name, message: `${expectation(setting)}, found ${shown(value)}` });
    else values[setting.name] = read;
  }
  return mistakes.length === 0 ? { settings: values, mistakes: null } : { settings: null, mistakes };
}

/** The format's own defaults with some of them changed; for tests and callers in code. Wrong ones are our mistake. */
export function settingsOf(format: TraceFormatName, given: Readonly<Record<string, unknown>> = {}): TraceSettings {
  const { settings, mistakes } = checkSettings(format, given);
  assert(settings !== null, `settings of ${format}: ${(mistakes ?? []).map(({ message }) => message).join('; ')}`);
  return settings;
}

/** Options are texts: numbers are read here. */
function readSetting({ kind, words = [], least = 0 }: TraceSetting, value: unknown): string | number | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  if (words.includes(String(value))) return String(value);
  switch (kind) {
    case 'word':
      return null;
    case 'whole':
    case 'number': {
      const amount = typeof value === 'number' ? value : /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
      if (!(amount >= least) || amount > Number.MAX_SAFE_INTEGER) return null;
      return kind === 'whole' && !Number.isInteger(amount) ? null : amount;
    }
    case 'quantity': {
      const quantity = tryParseQuantity(value);
      return quantity === undefined || quantity.sign() < 0 ? null : String(value);
    }
    case 'duration':
      return typeof value === 'string' && parseDuration(value) !== undefined ? value : null;
  }
}

function expectation({ kind, words = [], least = 0 }: TraceSetting): string {
  const choices = words.length === 0 ? '' : words.join(', ');
  switch (kind) {
    case 'word':
      return `expected ${choices}`;
    case 'whole':
      return `expected a whole number from ${String(least)}`;
    case 'number':
      return `expected a number from ${String(least)}`;
    case 'quantity':
      return 'expected a quantity such as 500m, 2 or 16Gi';
    case 'duration':
      return choices === ''
        ? 'expected a duration such as 90s or 1h30m'
        : `expected ${choices}, or a duration such as 90s or 1h30m`;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
}

export function wordOf(settings: TraceSettings, name: string): string {
  return String(settings[name]);
}

export function numberOf(settings: TraceSettings, name: string): number {
  const value = settings[name];
  assert(typeof value === 'number', `the setting ${name} is not a number`);
  return value;
}

/** Bytes. */
export function bytesOf(settings: TraceSettings, name: string): number {
  return unitsFromText(settings[name]);
}

/** Thousandths of a core. */
export function milliOf(settings: TraceSettings, name: string): number {
  return milliFromText(settings[name]);
}

export function microsOf(settings: TraceSettings, name: string): Micros {
  const micros = parseDuration(wordOf(settings, name));
  assert(micros !== undefined, `the setting ${name} is not a duration`);
  return micros;
}
