/** What a Node object says, compiled once for all who read it, and the well-known labels. */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Node, Taint } from './objects.ts';

export const HOSTNAME_LABEL = 'kubernetes.io/hostname';
export const ZONE_LABEL = 'topology.kubernetes.io/zone';
export const REGION_LABEL = 'topology.kubernetes.io/region';
export const BETA_ZONE_LABEL = 'failure-domain.beta.kubernetes.io/zone';
export const BETA_REGION_LABEL = 'failure-domain.beta.kubernetes.io/region';

const OUT_OF_SERVICE_TAINT = 'node.kubernetes.io/out-of-service';

/** Whether somebody has said, by the taint, that the node's machine is gone for good. */
export function isOutOfService({ taints }: NodeFacts): boolean {
  return taints.some(({ key }) => key === OUT_OF_SERVICE_TAINT);
}

/** nodeStatusUpdateFrequency of kubelets. */
const STATUS_PERIOD_MICROS: Micros = 10 * MICROS_PER_SECOND;

/** The first status of a node at this time or later, which is not before the node's `createdAt`. */
export function nextStatusAt(createdAt: Micros, time: Micros): Micros {
  return createdAt + Math.ceil((time - createdAt) / STATUS_PERIOD_MICROS) * STATUS_PERIOD_MICROS;
}

/** What a Node object says, compiled. Immutable: an update puts another one in its place. */
export interface NodeFacts {
  readonly object: Node;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  /** Image name as the node reports it, to bytes. */
  readonly images: ReadonlyMap<string, number>;
  readonly declaredFeatures: ReadonlySet<string>;
  /** `<region>:\0:<zone>`, empty when the node has neither label (component-helpers/node/topology). */
  readonly zoneKey: string;
}

/** `before`: of the same node. What the new object has taken over from its object is not compiled again. */
export function compileNode(node: Node, before: NodeFacts | null = null): NodeFacts {
  const { metadata, spec, status } = node;
  const old = before?.object;
  const labels =
    before !== null && metadata?.labels === old?.metadata?.labels
      ? before.labels
      : new Map(Object.entries(metadata?.labels ?? {}));
  return {
    object: node,
    name: metadata?.name ?? '',
    labels,
    annotations:
      before !== null && metadata?.annotations === old?.metadata?.annotations
        ? before.annotations
        : new Map(Object.entries(metadata?.annotations ?? {})),
    taints: spec?.taints ?? NO_TAINTS,
    unschedulable: spec?.unschedulable ?? false,
    images: before !== null && status?.images === old?.status?.images ? before.images : imagesOf(node),
    declaredFeatures:
      before !== null && status?.declaredFeatures === old?.status?.declaredFeatures
        ? before.declaredFeatures
        : new Set(status?.declaredFeatures ?? []),
    zoneKey: labels === before?.labels ? before.zoneKey : zoneKeyOf(labels),
  };
}

const NO_TAINTS: readonly Taint[] = [];

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? [])
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  return images;
}

export function zoneKeyOf(labels: ReadonlyMap<string, string>): string {
  const zone = labels.get(BETA_ZONE_LABEL) ?? labels.get(ZONE_LABEL) ?? '';
  const region = labels.get(BETA_REGION_LABEL) ?? labels.get(REGION_LABEL) ?? '';
  return zone === '' && region === '' ? '' : `${region}:\u0000:${zone}`;
}
