/**
 * `kubectl describe node`. Leases, addresses and what an operating system tells of itself are not simulated: they are
 * left out or empty. Source: staging/src/k8s.io/kubectl/pkg/describe/describe.go (describeNode), v1.36.
 */
import { parseQuantity, ZERO_QUANTITY } from '../../base/quantity.ts';
import type { Quantity } from '../../base/quantity.ts';
import type { PodAmounts } from '../../experiment/looked-cluster.ts';
import type { LookedNode, LookedPod } from '../../experiment/looked-object.ts';
import { compareKeys } from '../format.ts';
import { ageOf } from './age.ts';
import { nodeRoles } from './columns.ts';
import { eventLines, longTime, pairLines, valueLines } from './describe-parts.ts';
import type { DescribedEvents } from './describe-parts.ts';
import { DESCRIBE_LAYOUT, layOut } from './tabbed.ts';

/** A pod of the node that has not ended. */
export interface NodePod extends PodAmounts {
  readonly pod: LookedPod;
}

type Amounts = Readonly<Record<string, string | number>>;

/** `now` in micros since 1970. */
export function describeNode(node: LookedNode, pods: readonly NodePod[], events: DescribedEvents, now: number): string {
  const { metadata, spec, status } = node;
  const taints = (spec?.taints ?? []).map(
    ({ key, value = '', effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`,
  );
  const { operatingSystem = '', architecture = '', kubeletVersion } = status.nodeInfo;
  const allocatable = status.allocatable ?? status.capacity ?? {};
  return layOut([
    `Name:\t${metadata.name}`,
    `Roles:\t${nodeRoles(node)}`,
    ...pairLines('Labels', metadata.labels),
    ...pairLines('Annotations', metadata.annotations, ': '),
    `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
    ...valueLines('Taints', taints),
    `Unschedulable:\t${String(spec?.unschedulable ?? false)}`,
    ...conditionLines(node),
    'Addresses:',
    ...amountLines('Capacity', status.capacity),
    ...amountLines('Allocatable', status.allocatable),
    'System Info:',
    `  Operating System:\t${operatingSystem === '' ? (metadata.labels?.['kubernetes.io/os'] ?? '') : operatingSystem}`,
    `  Architecture:\t${architecture === '' ? (metadata.labels?.['kubernetes.io/arch'] ?? '') : architecture}`,
    `  Kubelet Version:\t${kubeletVersion}`,
    ...(spec?.providerID === undefined ? [] : [`ProviderID:\t${spec.providerID}`]),
    ...podLines(pods, allocatable, now),
    ...allocatedLines(pods, allocatable),
    ...eventLines(events),
  ], DESCRIBE_LAYOUT);
}

function conditionLines({ status: { conditions } }: LookedNode): string[] {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status, lastHeartbeatTime, lastTransitionTime, reason = '', message = '' }) => {
    const heartbeat = longTime(lastHeartbeatTime);
    return `  ${type} \t${status} \t${heartbeat} \t${longTime(lastTransitionTime)} \t${reason} \t${message}`;
  });
  return [
    'Conditions:',
    '  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage',
    '  ----\t------\t-----------------\t------------------\t------\t-------',
    ...rows,
  ];
}

function amountLines(title: string, amounts: Amounts | undefined): string[] {
  const names = Object.keys(amounts ?? {}).sort(compareKeys);
  if (names.length === 0) return [];
  return [`${title}:`, ...names.map((name) => `  ${name}:\t${parseQuantity(amounts?.[name] ?? 0).toString()}`)];
}

function podLines(pods: readonly NodePod[], allocatable: Amounts, now: number): string[] {
  const rows = pods.map(({ pod: { metadata }, requests, limits }) => {
    const { namespace = '', name: podName } = metadata;
    const cells = (['cpu', 'memory'] as const).flatMap((name) => [
      withShare(amountIn(requests, name), name, allocatable), withShare(amountIn(limits, name), name, allocatable),
    ]);
    return `  ${namespace}\t${podName}\t\t${cells.join('\t')}\t${ageOf(metadata.creationTimestamp, now)}`;
  });
  return [
    `Non-terminated Pods:\t(${String(pods.length)} in total)`,
    '  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge',
    '  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---',
    ...rows,
  ];
}

function allocatedLines(pods: readonly NodePod[], allocatable: Amounts): string[] {
  const sum = (of: 'requests' | 'limits', name: string): Quantity =>
    pods.reduce((total, amounts) => total.add(amountIn(amounts[of], name)), ZERO_QUANTITY);
  const others = Object.keys(allocatable).filter((name) => !STANDARD.includes(name)).sort(compareKeys);
  const isHuge = (name: string): boolean => name.startsWith('hugepages-');
  const shared = ['cpu', 'memory', 'ephemeral-storage', ...others.filter(isHuge)];
  return [
    'Allocated resources:',
    '  (Total limits may be over 100 percent, i.e., overcommitted.)',
    '  Resource\tRequests\tLimits',
    '  --------\t--------\t------',
    ...shared.map((name) => {
      const [requests, limits] = [sum('requests', name), sum('limits', name)];
      return `  ${name}\t${withShare(requests, name, allocatable)}\t${withShare(limits, name, allocatable)}`;
    }),
    ...others.filter((name) => !isHuge(name)).map((name) =>
      `  ${name}\t${sum('requests', name).toString()}\t${sum('limits', name).toString()}`),
  ];
}

const STANDARD = ['cpu', 'memory', 'ephemeral-storage', 'pods'];

function amountIn(amounts: Amounts, name: string): Quantity {
  return Object.hasOwn(amounts, name) ? parseQuantity(amounts[name]) : ZERO_QUANTITY;
}

/** `500m (12%)`: of what the node offers, cut to whole percents. */
function withShare(amount: Quantity, name: string, allocatable: Amounts): string {
  const scale = name === 'cpu' ? -3 : 0;
  const all = Number(amountIn(allocatable, name).scaledValue(scale));
  const percent = all === 0 ? 0 : Math.trunc((Number(amount.scaledValue(scale)) / all) * 100);
  return `${amount.toString()} (${String(percent)}%)`;
}
