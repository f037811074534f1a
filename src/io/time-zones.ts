/**
 * Time zones by name, from the tables of the package moment-timezone (IANA data as text; nothing of its code is used,
 * so neither the machine's clock nor its locale nor Node's own tables have a say). The version is the one whose data
 * (2025b) Kubernetes 1.36 has built in: rules of later years have changed since. The data ends in 2037. Read when the
 * first zone other than UTC is asked for: 0.7 MB, some milliseconds.
 */
import { createRequire } from 'node:module';
import { ONLY_UTC } from '../controllers/zoned-time.ts';
import type { TimeZones, ZoneRules } from '../controllers/zoned-time.ts';

interface PackedZones {
  /** `name|abbreviations|offsets|index of the offset in each span|ends of the spans|population`. */
  readonly zones: readonly string[];
  /** `name|another name`. */
  readonly links: readonly string[];
}

interface ZoneTable {
  readonly packed: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, string>;
}

let table: ZoneTable | null = null;
const known = new Map<string, ZoneRules | null>();

export const timeZones: TimeZones = (name) => {
  const utc = ONLY_UTC(name);
  if (utc !== null) return utc;
  let rules = known.get(name);
  if (rules === undefined) {
    table ??= readTable();
    const packed = table.packed.get(table.links.get(name) ?? name);
    known.set(name, (rules = packed === undefined ? null : unpackZone(packed)));
  }
  return rules;
};

/** Of all zones, other names of a zone among them. */
export function timeZoneNames(): string[] {
  table ??= readTable();
  return [...table.packed.keys(), ...table.links.keys()];
}

function readTable(): ZoneTable {
  const { zones, links } = createRequire(import.meta.url)('moment-timezone/data/packed/latest.json') as PackedZones;
  const pairOf = (text: string): [string, string] => [
    text.slice(0, text.indexOf('|')),
    text.slice(text.indexOf('|') + 1),
  ];
  return {
    packed: new Map(zones.map((zone) => [pairOf(zone)[0], zone])),
    links: new Map(links.map(pairOf).map(([name, other]) => [other, name])),
  };
}

/** The end of a span is minutes after the end of the one before; offsets are minutes behind UTC. All in base 60. */
function unpackZone(packed: string): ZoneRules {
  const [, , offsetTexts, indexText, endTexts = ''] = packed.split('|');
  const offsets = offsetTexts.split(' ').map((text) => -Math.round(fromBase60(text) * 60));
  const starts = [-Infinity];
  let end = 0;
  for (const text of endTexts === '' ? [] : endTexts.split(' ')) {
    end += Math.round(fromBase60(text) * 60);
    starts.push(end);
  }
  const spans = Array.from(indexText, (digit) => offsets[digit60(digit)]);
  return { starts: starts.slice(0, spans.length), offsets: spans };
}

function fromBase60(text: string): number {
  const isNegative = text.startsWith('-');
  const [whole, fraction = ''] = (isNegative ? text.slice(1) : text).split('.');
  let value = 0;
  for (const digit of whole) value = value * 60 + digit60(digit);
  let share = 1;
  for (const digit of fraction) value += digit60(digit) * (share /= 60);
  return isNegative ? -value : value;
}

/** 0 to 9, a to z, A to X. */
function digit60(digit: string): number {
  const code = digit.charCodeAt(0);
  if (code >= 97) return code - 87;
  return code >= 65 ? code - 29 : code - 48;
}
