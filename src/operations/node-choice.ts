/** Which nodes a step is about, at the time when it begins; and how steps are told. */
import { percentOf } from '../cluster/int-or-percent.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { parseSelectorText } from '../cluster/selectors.ts';
import type { NodeAmount, NodeChoice, Operation } from './settings.ts';

/**
 * Labels by which node groups are told apart: Podyard's own, then those that GKE, EKS, AKS, Karpenter and eksctl put on
 * their nodes.
 */
export const POOL_LABELS: readonly string[] = [
  'podyard.dev/pool', 'cloud.google.com/gke-nodepool', 'eks.amazonaws.com/nodegroup', 'kubernetes.azure.com/agentpool',
  'karpenter.sh/nodepool', 'alpha.eksctl.io/nodegroup-name',
];

/** Rows of the nodes that are there, in the order of their rows; names in the order given. */
export function chosenNodes(cluster: Cluster, { names, selector, pool }: NodeChoice): number[] {
  const { nodes } = cluster;
  const rows: number[] = [];
  if (names.length > 0) for (const name of names) rows.push(cluster.nodeRow(name));
  else for (let row = 0; row < nodes.length; row++) rows.push(nodes.alive[row] === 1 ? row : -1);
  const compiled = selector === '' ? null : parseSelectorText(selector);
  return rows.filter((row) => {
    if (row < 0) return false;
    const { labels } = nodes.facts[row];
    return (compiled === null || compiled.matches(labels)) && (pool === '' || isInPool(cluster, row, pool));
  });
}

function isInPool(cluster: Cluster, row: number, pool: string): boolean {
  const { labels } = cluster.nodes.facts[row];
  if (cluster.pools.text(cluster.nodes.pool[row]) === pool) return true;
  return POOL_LABELS.some((label) => labels.get(label) === pool);
}

/** A percentage is rounded up for surge and down for the others, as the fields of the same names of a Deployment. */
export function amountOf({ value, isPercent }: NodeAmount, total: number, round: 'up' | 'down'): number {
  return isPercent ? percentOf(value, total, round) : value;
}

/** `drain node-7`, `upgrade pool=general surge=1`: the step in a few words. */
export function operationText(operation: Operation): string {
  switch (operation.verb) {
    case 'outage':
      return `outage ${operation.label === ZONE ? 'zone' : operation.label}=${operation.zone}`;
    case 'scale':
      return `scale ${targetText(operation)} to ${operation.replicas}`;
    case 'rollout':
      return `rollout ${targetText(operation)}${operation.image === '' ? '' : ` image=${operation.image}`}`;
    case 'delete':
      return `delete ${targetText(operation)}`;
    case 'upgrade': {
      const { surge, maxUnavailable } = operation;
      const rest = maxUnavailable.value === 0 ? '' : ` maxUnavailable=${amountText(maxUnavailable)}`;
      return `upgrade ${choiceText(operation.nodes)} surge=${amountText(surge)}${rest}`;
    }
    case 'slow':
      return `slow ${choiceText(operation.nodes)} factor=${operation.factor}`;
    default:
      return `${operation.verb} ${choiceText(operation.nodes)}`;
  }
}

const ZONE = 'topology.kubernetes.io/zone';

function amountText({ value, isPercent }: NodeAmount): string {
  return `${value}${isPercent ? '%' : ''}`;
}

function targetText({ target }: Extract<Operation, { readonly target: unknown }>): string {
  const place = target.namespace === '' ? '' : `${target.namespace}/`;
  return `${target.kind} ${place}${target.name}`;
}

function choiceText({ names, selector, pool }: NodeChoice): string {
  const listed = names.length > 3 ? `${names.slice(0, 2).join(' ')} and ${names.length - 2} more` : names.join(' ');
  return [listed, pool === '' ? '' : `pool=${pool}`, selector].filter((part) => part !== '').join(' ') || 'all nodes';
}
