/**
 * Pod templates told apart: their canonical text, the hash that names what was made of them, and the revisions of
 * StatefulSets and DaemonSets (upstream's ControllerRevisions).
 * Source: pkg/controller/controller_utils.go ComputeHash, pkg/controller/history/controller_history.go,
 * staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go SafeEncodeString (v1.36). Upstream hashes Go's dump of the
 * template, we its canonical text: the letters differ, what is equal does not.
 */
import { canonicalText } from '../cluster/pod-template.ts';
import type { PodTemplateSpec } from '../cluster/objects.ts';
import type { Revision } from '../cluster/workload-details.ts';

const texts = new WeakMap<object, string>();

/** Equal for templates that say the same. Worked out once for each object, and once for a spec that several share. */
export function templateText(template: PodTemplateSpec): string {
  let text = texts.get(template);
  if (text !== undefined) return text;
  const { metadata, spec, ...others } = template;
  const isPlain = metadata !== undefined && spec !== undefined && Object.keys(others).length === 0;
  text = isPlain ? `{"metadata":${canonicalText(metadata)},"spec":${specText(spec)}}` : canonicalText(template);
  texts.set(template, text);
  return text;
}

export function isSameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return a === b || templateText(a) === templateText(b);
}

function specText(spec: object): string {
  let text = texts.get(spec);
  if (text === undefined) texts.set(spec, (text = canonicalText(spec)));
  return text;
}

const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const FNV_OFFSET = 2_166_136_261;
const FNV_PRIME = 16_777_619;

/** Of a template, and of how often its name was taken by another. */
export function templateHash(template: PodTemplateSpec, collisionCount: number): string {
  const text = collisionCount === 0 ? templateText(template) : `${templateText(template)} ${String(collisionCount)}`;
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return [...String(hash >>> 0)].map((digit) => SAFE_LETTERS[digit.charCodeAt(0) % SAFE_LETTERS.length]).join('');
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
