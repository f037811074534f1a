/**
 * Pod templates told apart: their canonical text, the hash that names what was made of them, and the revisions of
 * StatefulSets and DaemonSets (upstream's ControllerRevisions).
 * Source: pkg/controller/controller_utils.go ComputeHash, pkg/controller/history/controller_history.go,
 * staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go SafeEncodeString (v1.36). Upstream hashes Go's dump of the
 * template, we its canonical text: the letters differ, what is equal does not.
 */
import { compareTexts } from '../cluster/label-requirements.ts';
import { canonicalText } from '../cluster/pod-template.ts';
import type { PodTemplateSpec } from '../cluster/objects.ts';
import type { Revision } from '../cluster/workload-details.ts';

/** Of a spec, which many templates may share: its canonical text, and the hash of that. */
interface SpecText {
  readonly text: string;
  readonly hash: number;
}

const specs = new WeakMap<object, SpecText>();
const texts = new WeakMap<object, string>();

/** Equal for templates that say the same. Worked out once for each object, and once for a spec that several share. */
export function templateText(template: PodTemplateSpec): string {
  let text = texts.get(template);
  if (text === undefined) texts.set(template, (text = specText(template).text + otherText(template)));
  return text;
}

export function isSameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return a === b || templateText(a) === templateText(b);
}

function specText({ spec = NO_SPEC }: PodTemplateSpec): SpecText {
  let known = specs.get(spec);
  if (known === undefined) {
    const text = canonicalText(spec);
    specs.set(spec, (known = { text, hash: hashed(FNV_OFFSET, text) }));
  }
  return known;
}

function otherText({ spec: _spec, ...others }: PodTemplateSpec): string {
  return canonicalText(others);
}

const NO_SPEC = {};
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const FNV_OFFSET = 2_166_136_261;
const FNV_PRIME = 16_777_619;

/** Of a template, and of how often its name was taken by another. */
export function templateHash(template: PodTemplateSpec, collisionCount: number): string {
  const own = hashedMembers(specText(template).hash, template, 'spec');
  const hash = String((collisionCount === 0 ? own : hashed(own, ` ${String(collisionCount)}`)) >>> 0);
  let letters = '';
  for (let i = 0; i < hash.length; i++) letters += SAFE_LETTERS[hash.charCodeAt(i) % SAFE_LETTERS.length];
  return letters;
}

/** `hashed` of the canonical text of an object without member `but`, without the text. */
function hashedMembers(before: number, object: object, but: string | null): number {
  const record = object as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record);
  if (keys.length > 1) keys.sort(compareTexts);
  let hash = hashedLetter(before, BRACE);
  let isFirst = true;
  for (const key of keys) {
    const value = record[key];
    if (value === undefined || key === but) continue;
    if (!isFirst) hash = hashedLetter(hash, COMMA);
    isFirst = false;
    hash = hashedValue(hashedLetter(hashedString(hash, key), COLON), value);
  }
  return hashedLetter(hash, CLOSING_BRACE);
}

function hashedValue(before: number, value: unknown): number {
  if (typeof value === 'string') return hashedString(before, value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return hashedMembers(before, value, null);
  return hashed(before, canonicalText(value));
}

/** Of the text in quotes; what JSON does not write as it is goes through its own text. */
function hashedString(before: number, text: string): number {
  let hash = hashedLetter(before, QUOTE);
  for (let i = 0; i < text.length; i++) {
    const letter = text.charCodeAt(i);
    if (letter < SPACE || letter > TILDE || letter === QUOTE || letter === BACKSLASH)
      return hashed(before, JSON.stringify(text));
    hash = hashedLetter(hash, letter);
  }
  return hashedLetter(hash, QUOTE);
}

const [SPACE, QUOTE, COMMA, COLON] = [0x20, 0x22, 0x2c, 0x3a];
const [BACKSLASH, BRACE, CLOSING_BRACE, TILDE] = [0x5c, 0x7b, 0x7d, 0x7e];

function hashed(before: number, text: string): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = hashedLetter(hash, text.charCodeAt(i));
  return hash;
}

function hashedLetter(hash: number, letter: number): number {
  return Math.imul(hash ^ letter, FNV_PRIME);
}

export interface KnownRevisions {
  /** Oldest revision number first. */
  readonly revisions: readonly Revision[];
  /** The one of the template. */
  readonly update: Revision;
}

/**
 * The revision of the template: the newest if it says the same; an older one that does becomes the newest; else a new
 * one.
 */
export function reviseTemplate(known: readonly Revision[], name: string, template: PodTemplateSpec): KnownRevisions {
  const text = templateText(template);
  const equal = known.filter((revision) => templateText(revision.template) === text);
  const last = known[known.length - 1];
  const next = last === undefined ? 1 : last.number + 1;
  const found = equal[equal.length - 1];
  if (found !== undefined && found === last) return { revisions: known, update: found };
  const update = found === undefined
    ? { name: freeName(known, name, template), number: next, template }
    : { ...found, number: next };
  return { revisions: [...known.filter((revision) => revision !== found), update], update };
}

function freeName(known: readonly Revision[], name: string, template: PodTemplateSpec): string {
  for (let collisions = 0; ; collisions++) {
    const candidate = `${name}-${templateHash(template, collisions)}`;
    if (!known.some((revision) => revision.name === candidate)) return candidate;
  }
}

/**
 * The history is cut to `limit` old revisions, oldest first; those that are in use stay and count (truncateHistory).
 */
export function cutHistory(
  revisions: readonly Revision[],
  isUsed: (revision: Revision) => boolean,
  limit: number,
): readonly Revision[] {
  const unused = revisions.filter((revision) => !isUsed(revision));
  const surplus = new Set(unused.slice(0, Math.max(0, unused.length - limit)));
  return surplus.size === 0 ? revisions : revisions.filter((revision) => !surplus.has(revision));
}
