/** `nodePools` of a scenario: groups of like nodes. */
import { z } from 'zod';
import { tryParseQuantity } from '../base/quantity.ts';
import type { Path } from '../base/source-path.ts';
import { below } from '../base/source-path.ts';
import type { ResourceList, Taint } from '../cluster/objects.ts';
import type { Distribution } from '../kernel/distribution.ts';
import {
  MANY, MAX_NODES, durationDistribution, expecting, labels, list, mapping, name, number, quantity, resources, text,
  whole,
} from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';
import { labelMap, resourceList, resourceNameMistake } from '../workload/manifests/names.ts';
import { taints as taintChecks } from '../workload/manifests/object-checks.ts';

/** Which Node objects of files belong to a pool: all that is not empty must hold. */
export interface PoolMembers {
  readonly labels: Readonly<Record<string, string>>;
  readonly namePrefix: string;
  readonly providerIDPrefix: string;
}

/** A number of like nodes, made at the start or by the autoscaler. Names are `<pool>-<ordinal>`. */
export interface NodePool {
  readonly name: string;
  /** Nodes made at the start. */
  readonly count: number;
  /** null: no node of the files belongs to the pool. */
  readonly members: PoolMembers | null;
  /** Zone label values, dealt in turn; empty: no zone label. */
  readonly zones: readonly string[];
  /** Region label value; empty: no region label. */
  readonly region: string;
  readonly allocatable: ResourceList;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Images present from the start. */
  readonly images: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Price of one node for one hour, any currency. */
  readonly costPerHour: number;
  /** null: the pool is not autoscaled. */
  readonly autoscaling: {
    readonly min: number;
    readonly max: number;
    /** Seconds from the request until the node is Ready. */ readonly provisionSeconds: Distribution;
  } | null;
}

const taint = z
  .union(
    [
      z
        .string(expecting('expected a taint'))
        .regex(/^[^=:\s]+(?:=[^:\s]*)?:[A-Za-z]+$/, expecting('expected a taint such as key=value:NoSchedule')),
      z.strictObject({
        key: text('Taint key'),
        value: text('Taint value').optional(),
        effect: z
          .enum(
            ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
            expecting('expected NoSchedule, PreferNoSchedule or NoExecute'),
          )
          .describe('Taint effect'),
      }),
    ],
    expecting('expected a taint: key=value:NoSchedule as for kubectl taint, or a mapping with key, value, effect'),
  )
  .describe('A taint: `key=value:Effect` as for kubectl taint, or a mapping with key, value and effect');

export const nodePoolSchema = z.strictObject({
  name: name('Name of the pool; its nodes are called <name>-<ordinal>'),
  count: whole(
    'Nodes made at the start. Default: autoscaling.min when the pool is autoscaled, 0 when it has `members`, ' +
      'else it must be given',
    0,
    MAX_NODES,
  ).optional(),
  members: mapping(
    {
      labels: labels('Labels that the node has, such as the one by which the cloud names its node group').default({}),
      namePrefix: text('How the name of the node begins').default(''),
      providerIDPrefix: text('How spec.providerID of the node begins').default(''),
    },
    'Nodes from files that belong to the pool, beside those that it makes: all conditions that are given must ' +
      'hold. They count in the size of an autoscaled pool, may be removed, and cost what the pool says. Default: ' +
      'none',
  ).optional(),
  zones: list(
    text('Zone'),
    'Values of the label topology.kubernetes.io/zone, dealt to the nodes in turn. Default: no zone label',
  ).default([]),
  region: text('Value of the label topology.kubernetes.io/region. Default: no region label').default(''),
  allocatable: resources(
    'What one node offers to pods, as in Node status.allocatable. cpu and memory must be given; pods defaults to ' +
      '110 (kubelet maxPods)',
  ),
  labels: labels('Further node labels').default({}),
  taints: list(taint, 'Taints of every node of the pool').default([]),
  images: list(
    z.strictObject({ name: text('Image name as in container.image'), size: quantity('Size in bytes') }),
    'Images that are on every node from the start (counted by ImageLocality, not pulled again)',
  ).default([]),
  costPerHour: number('Price of one node for one hour, in any currency', 0, MANY).default(0),
  autoscaling: mapping(
    {
      min: whole('Smallest size of the group', 0, MAX_NODES).default(0),
      max: whole('Largest size of the group', 1, MAX_NODES),
      provisioning: durationDistribution(
        'Time from the request for a machine until its node is Ready. Default: lognormal, median 2m, sigma 0.4: ' +
          'a model assumption within the 60 to 180 s that cloud machines take to boot and join',
      ).default({ lognormal: { median: '2m', sigma: 0.4 }, atLeast: '20s', atMost: '15m' }),
    },
    'Makes the pool a node group of the cluster autoscaler',
  ).optional(),
});

export type NodePoolInput = z.output<typeof nodePoolSchema>;

/** kubelet maxPods, upstream's default (pkg/kubelet/apis/config/v1beta1/defaults.go). */
const DEFAULT_MAX_PODS = 110;

export function resolvePool(pool: NodePoolInput, path: Path, numbers: ScenarioNumbers): NodePool {
  const { findings } = numbers;
  resourceList(pool.allocatable, below(path, 'allocatable'), findings);
  for (const needed of ['cpu', 'memory']) {
    const amount = pool.allocatable[needed];
    const isMisspelled = Object.keys(pool.allocatable).some((name) => resourceNameMistake(name)?.suggestion === needed);
    if (amount === undefined && isMisspelled) continue;
    if (amount === undefined)
      findings.error(
        below(path, 'allocatable'),
        `"${needed}" is missing: expected what one node offers`,
        undefined,
        'key',
      );
    else if (tryParseQuantity(amount)?.isZero() === true)
      findings.error(below(below(path, 'allocatable'), needed), 'expected a quantity above 0, found 0');
  }
  labelMap(pool.labels, below(path, 'labels'), findings);
  const taints = pool.taints.map(resolveTaint);
  taintChecks(taints, below(path, 'taints'), findings);
  const images = pool.images.map((image, index) => ({
    name: image.name,
    sizeBytes: numbers.bytes(image.size, below(below(below(path, 'images'), index), 'size')),
  }));
  return {
    name: pool.name,
    count: pool.count ?? (pool.members === undefined ? (pool.autoscaling?.min ?? 0) : 0),
    members: pool.members ?? null,
    zones: pool.zones,
    region: pool.region,
    allocatable:
      pool.allocatable['pods'] === undefined ? { ...pool.allocatable, pods: DEFAULT_MAX_PODS } : pool.allocatable,
    labels: pool.labels,
    taints,
    images,
    costPerHour: pool.costPerHour,
    autoscaling: resolveAutoscaling(pool, below(path, 'autoscaling'), numbers),
  };
}

function resolveAutoscaling(pool: NodePoolInput, path: Path, numbers: ScenarioNumbers): NodePool['autoscaling'] {
  const group = pool.autoscaling;
  if (group === undefined) return null;
  return {
    min: group.min,
    max: group.max,
    provisionSeconds: numbers.distribution(group.provisioning, below(path, 'provisioning')),
  };
}

function resolveTaint(input: NodePoolInput['taints'][number]): Taint {
  if (typeof input !== 'string') return { key: input.key, value: input.value ?? '', effect: input.effect };
  const [, key = '', value = '', effect = ''] = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(input) ?? [];
  return { key, value, effect };
}

export function spellPool(pool: NodePool): Record<string, unknown> {
  const { autoscaling, images, members, ...rest } = pool;
  const group =
    autoscaling === null
      ? {}
      : {
          autoscaling: {
            min: autoscaling.min,
            max: autoscaling.max,
            provisioning: spellSeconds(autoscaling.provisionSeconds),
          },
        };
  return {
    ...rest,
    ...(members === null ? {} : { members }),
    images: images.map(({ name, sizeBytes }) => ({ name, size: sizeBytes })),
    ...group,
  };
}
