/**
 * VolumeZone (PreFilter, Filter): the zone and region labels of bound volumes must suit the node's. PreFilter reads the
 * pod's claims once; Filter costs a few map lookups a node.
 * Source: plugins/volumezone/volume_zone.go, k8s.io/cloud-provider/volume/helpers/zones.go.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { sortedTexts } from '../../cluster/label-requirements.ts';
import { REGION_LABEL, ZONE_LABEL } from '../../cluster/node-facts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { KubernetesObject, PersistentVolume } from '../../cluster/objects.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { EventRegistration } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Plugin, PluginFactory, PreFilterResult } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, unresolvable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import {
  claimClassOf,
  findClaim,
  findClass,
  findVolume,
  isClaimOf,
  notFound,
  podClaims,
  volumeNameOf,
  waitsForFirstConsumer,
} from '../../cluster/volume-claims.ts';

const NAME = 'VolumeZone';
const ZONE_CONFLICT = unresolvable(NAME, 'node(s) had no available volume zone');

/** Label keys that count, with the key that may stand for a beta key on the node. */
const TOPOLOGY_LABELS: readonly { readonly key: string; readonly current: string }[] = [
  { key: 'failure-domain.beta.kubernetes.io/zone', current: ZONE_LABEL },
  { key: 'failure-domain.beta.kubernetes.io/region', current: REGION_LABEL },
  { key: ZONE_LABEL, current: ZONE_LABEL },
  { key: REGION_LABEL, current: REGION_LABEL },
];
const ZONE_SEPARATOR = '__';

interface VolumeTopology {
  readonly key: string;
  readonly current: string;
  readonly values: ReadonlySet<string>;
}
const FILTER_STATE = stateKey<readonly VolumeTopology[]>(`PreFilter${NAME}`);

export const VolumeZone: PluginFactory = {
  name: NAME,
  summary: 'nodes in the zones of the bound volumes',
  create(_args, { cluster }): Plugin {
    return {
      name: NAME,
      dependence: { filter: 'cluster' },
      inert: ({ spec }) => spec.volumes === undefined || spec.volumes.length === 0,
      inertByTemplate: true,
      inertUntilChange: true,
      preFilter: (state, pod) => preFilter(state, pod, cluster),
      filter: (state, _pod, node) => filter(state.read(FILTER_STATE), node),
      eventsToRegister: zoneEvents,
    };
  },
};

function preFilter(state: CycleState, pod: PodInfo, cluster: SchedulerCache): PreFilterResult {
  const topologies: VolumeTopology[] = [];
  for (const { name } of podClaims(pod.template, pod.name)) {
    const volume = boundVolume(name, pod.namespace, cluster);
    if (typeof volume === 'string') return { status: unresolvable(NAME, volume), nodeNames: null };
    if (volume !== null) topologies.push(...topologiesOf(volume));
  }
  if (topologies.length === 0) return { status: SKIP, nodeNames: null };
  state.write(FILTER_STATE, topologies);
  return { status: null, nodeNames: null };
}

/** null: the claim is unbound and waits for a node; a text: why no node will do. */
function boundVolume(claimName: string, namespace: string, cluster: SchedulerCache): PersistentVolume | string | null {
  if (claimName === '') return 'PersistentVolumeClaim had no name';
  const claim = findClaim(cluster, namespace, claimName);
  if (claim === undefined) return notFound('persistentvolumeclaim', claimName);
  const volumeName = volumeNameOf(claim);
  if (volumeName !== '') return findVolume(cluster, volumeName) ?? notFound('persistentvolume', volumeName);
  const className = claimClassOf(claim);
  if (className === '') return 'PersistentVolumeClaim had no pv name and storageClass name';
  const storageClass = findClass(cluster, className);
  if (storageClass === undefined) return notFound('storageclass.storage.k8s.io', className);
  return waitsForFirstConsumer(storageClass) ? null : 'PersistentVolume had no name';
}

/** A label may list several zones; one with an empty part is ignored. */
function topologiesOf(volume: KubernetesObject): VolumeTopology[] {
  const topologies: VolumeTopology[] = [];
  for (const { key, current } of TOPOLOGY_LABELS) {
    const values = volume.metadata?.labels?.[key]?.split(ZONE_SEPARATOR).map((value) => value.trim());
    if (values !== undefined && !values.includes('')) topologies.push({ key, current, values: new Set(values) });
  }
  return topologies;
}

/** A node without any of the labels takes every volume. */
function filter(topologies: readonly VolumeTopology[] | undefined, { labels }: NodeInfo): Status | null {
  if (topologies === undefined || !TOPOLOGY_LABELS.some(({ key }) => labels.has(key))) return null;
  for (const { key, current, values } of topologies) {
    const value = labels.get(key) ?? labels.get(current);
    if (value === undefined || !values.has(value)) return ZONE_CONFLICT;
  }
  return null;
}

function zoneEvents(): readonly EventRegistration[] {
  return [
    {
      event: event('StorageClass', Action.Add),
      hint: (_pod, { object }) => (waitsForFirstConsumer(object ?? {}) ? 'Queue' : 'QueueSkip'),
    },
    { event: event('Node', Action.Add | Action.UpdateNodeLabel), hint: null },
    {
      event: event('PersistentVolumeClaim', Action.Add | Action.Update),
      hint: (pod, { object }) => (isClaimOf(object, pod.template, pod.name) ? 'Queue' : 'QueueSkip'),
    },
    { event: event('PersistentVolume', Action.Add), hint: null },
    {
      event: event('PersistentVolume', Action.Update),
      hint: (_pod, { object, objectBefore }) =>
        topologyText(object) === topologyText(objectBefore) ? 'QueueSkip' : 'Queue',
    },
  ];
}

function topologyText(volume: KubernetesObject | undefined): string {
  return JSON.stringify(
    topologiesOf(volume ?? {}).map(({ key, values }) => [
      key,
      sortedTexts([...values]),
    ]),
  );
}
