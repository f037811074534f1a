/**
 * The pod template of a recorded object as a job's shape: what the scheduler looks at is kept, the rest is dropped and
 * counted.
 */
import { QuantityError, milliFromText, unitsFromText } from '../../base/quantity.ts';
import type { Container, PodSpec, ResourceList } from '../../cluster/objects.ts';
import { isDnsSubdomain } from './cells.ts';
import { NO_LABELS } from './shape-table.ts';
import type { Tally } from './tally.ts';
import type { JobShape } from './trace-format.ts';

/** By owner and text of the spec. */
export type TemplateShapes = Map<string, JobShape>;

type Fields = Readonly<Record<string, unknown>>;

/** Fields of a pod's spec that are kept. */
const KEPT = [
  'nodeSelector',
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'overhead',
  'terminationGracePeriodSeconds',
  'hostNetwork',
] as const;

export function shapeOfTemplate(
  name: string,
  namespace: string,
  kind: string,
  template: Fields,
  known: TemplateShapes,
  tally: Tally,
): JobShape {
  const spec = fieldsOf(template['spec']);
  const key = `${kind} ${namespace}/${name} ${JSON.stringify(spec)}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const containers = containersOf(spec['containers']);
  const requests = sumOfRequests(containers);
  countDropped(spec, tally);
  if (Object.keys(requests).length === 0) tally.count('Pod templates without requests, which ask for nothing');
  const kept = Object.fromEntries(
    KEPT.filter((field) => spec[field] !== undefined && spec[field] !== null).map((field) => [field, spec[field]]),
  );
  const own: PodSpec = { ...kept, containers, initContainers: containersOf(spec['initContainers']) };
  const labels = fieldsOf(fieldsOf(template['metadata'])['labels']) as Record<string, string>;
  const shape: JobShape = {
    nameBase: isDnsSubdomain(name) ? name : 'pod',
    namespace,
    priority: priorityOf(spec),
    class: kind,
    labels,
    nodeSelector: NO_LABELS,
    nodeAffinityAnyOf: [],
    requests,
    spec: own,
  };
  known.set(key, shape);
  return shape;
}

function priorityOf(spec: Fields): number {
  const { priority } = spec;
  return typeof priority === 'number' && Number.isInteger(priority)
    ? Math.max(-2_147_483_648, Math.min(2_147_483_647, priority))
    : 0;
}

/** Said of every template once. */
function countDropped(spec: Fields, tally: Tally): void {
  const volumes = Array.isArray(spec['volumes']) ? spec['volumes'].map(fieldsOf) : [];
  if (volumes.some((volume) => volume['persistentVolumeClaim'] !== undefined))
    tally.count('Pod templates that name claims for volumes, which are not followed');
  const { schedulerName, priorityClassName } = spec;
  if (typeof schedulerName === 'string' && schedulerName !== '' && schedulerName !== 'default-scheduler')
    tally.count('Pod templates of another scheduler, which here go to the default one');
  if (typeof priorityClassName === 'string' && priorityClassName !== '' && spec['priority'] === undefined)
    tally.count('Pod templates that name a priority class, whose value the trace does not tell; here 0');
}

function containersOf(value: unknown): Container[] {
  return (Array.isArray(value) ? value : []).map((item, index): Container => {
    const { name, image, ports, resources } = fieldsOf(item);
    const { requests, limits } = fieldsOf(resources);
    const lists = { ...resourcesOf('requests', requests), ...resourcesOf('limits', limits) };
    return {
      name: typeof name === 'string' ? name : `container-${String(index)}`,
      ...(typeof image === 'string' ? { image } : {}),
      ...(Array.isArray(ports) ? { ports: ports as NonNullable<Container['ports']> } : {}),
      ...(Object.keys(lists).length === 0 ? {} : { resources: lists }),
    };
  });
}

function resourcesOf(
  key: 'requests' | 'limits',
  value: unknown,
): { readonly [name in 'requests' | 'limits']?: ResourceList } {
  const entries = Object.entries(fieldsOf(value)).filter(([name, amount]) => isQuantity(name, amount)) as [
    string,
    string,
  ][];
  return entries.length === 0 ? {} : { [key]: Object.fromEntries(entries) };
}

function isQuantity(name: string, amount: unknown): boolean {
  if (typeof amount !== 'string' && typeof amount !== 'number') return false;
  try {
    return (name === 'cpu' ? milliFromText(amount) : unitsFromText(amount)) >= 0;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** For counts and fits; the scheduler goes by the spec itself. */
function sumOfRequests(containers: readonly Container[]): ResourceList {
  const sums = new Map<string, number>();
  for (const { resources } of containers) {
    const asked = { ...resources?.limits, ...resources?.requests };
    for (const [name, amount] of Object.entries(asked)) {
      sums.set(name, (sums.get(name) ?? 0) + (name === 'cpu' ? milliFromText(amount) : unitsFromText(amount)));
    }
  }
  return Object.fromEntries(
    Array.from(sums, ([name, sum]) => [name, name === 'cpu' ? `${String(sum)}m` : String(sum)]),
  );
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
