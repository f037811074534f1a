/** Node objects of generated pools, as kubelet and cloud provider would register them. Names are `<pool>-<ordinal>`. */
import { withNodeDefaults } from '../cluster/node-defaults.ts';
import { BETA_REGION_LABEL, BETA_ZONE_LABEL, REGION_LABEL, ZONE_LABEL } from '../cluster/node-facts.ts';
import type { Node } from '../cluster/objects.ts';
import type { NodePool, PoolMembers } from './pool-settings.ts';

/** Label that tells a node's pool. */
export const POOL_LABEL = 'podyard.dev/pool';

/**
 * The ordinal-th node of a pool; zones are dealt in turn. Zone and region stand under their old labels, too, as cloud
 * providers keep writing them (staging/src/k8s.io/cloud-provider/controllers/node/node_controller.go, v1.36.2).
 */
export function poolNode(pool: NodePool, ordinal: number): Node {
  const name = `${pool.name}-${ordinal}`;
  const labels: Record<string, string> = { [POOL_LABEL]: pool.name };
  if (pool.zones.length > 0) labels[ZONE_LABEL] = labels[BETA_ZONE_LABEL] = pool.zones[ordinal % pool.zones.length];
  if (pool.region !== '') labels[REGION_LABEL] = labels[BETA_REGION_LABEL] = pool.region;
  return withNodeDefaults({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...labels, ...pool.labels } },
    spec: pool.taints.length === 0 ? {} : { taints: pool.taints },
    status: {
      allocatable: pool.allocatable,
      capacity: pool.allocatable,
      ...(pool.images.length === 0
        ? {}
        : { images: pool.images.map((image) => ({ names: [image.name], sizeBytes: image.sizeBytes })) }),
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
}

/** Whether a node of the files belongs to a pool. */
export function isMember({ metadata, spec }: Node, { labels, namePrefix, providerIDPrefix }: PoolMembers): boolean {
  if (!(metadata?.name ?? '').startsWith(namePrefix) || !(spec?.providerID ?? '').startsWith(providerIDPrefix))
    return false;
  return Object.entries(labels).every(([key, value]) => metadata?.labels?.[key] === value);
}

/** Name of the pool that a node of the files belongs to; '': none. */
export function poolOf(node: Node, pools: readonly NodePool[]): string {
  return pools.find(({ members }) => members !== null && isMember(node, members))?.name ?? '';
}

/** The ordinal of a node's name behind a pool's name; -1: it has another name. */
export function ordinalIn(pool: string, name: string): number {
  const text = name.startsWith(`${pool}-`) ? name.slice(pool.length + 1) : '';
  return /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : -1;
}
