/**
 * NodeResourcesBalancedAllocation (PreScore, Score): prefers nodes whose use of the configured resources the pod makes
 * more even. v1.36 formula: 50 + (50 + balance with the pod - balance without it) / 2 in whole numbers.
 * Source: plugins/noderesources/balanced_allocation.go.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { CachedNodes } from '../cache/cached-nodes.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { FIRST_SCALAR, amountOf } from '../../cluster/resources.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import { SKIP } from '../framework/status.ts';

const NAME = 'NodeResourcesBalancedAllocation';

export const NodeResourcesBalancedAllocation: PluginFactory = {
  name: NAME,
  summary: 'prefers nodes whose resources the pod makes more evenly used',
  defaultArgs: { resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }] },
  create(args, handle): Plugin {
    const resources = args['resources'] as readonly { readonly name: string }[];
    const columns = resources.map(({ name }) => handle.cluster.resources.column(name)).filter((column) => column >= 0);
    const before: number[] = [];
    const after: number[] = [];
    return {
      name: NAME,
      dependence: { score: 'node' },
      specOnly: true,
      preScore: (_state, pod) =>
        columns.every((column) => amountOf(pod.template.accounted, column) === 0) ? SKIP : null,
      score: (_state, pod, node) => {
        fractions(pod.template, node, columns, before, after);
        return MAX_NODE_SCORE / 2 + Math.trunc((MAX_NODE_SCORE / 2 + balance(after) - balance(before)) / 2);
      },
      scoreOf: (template) => {
        if (columns.length === 2 && columns[0] < FIRST_SCALAR && columns[1] < FIRST_SCALAR)
          return balancedPair(template, columns[0], columns[1], handle.cluster.nodes);
        return (node) => {
          fractions(template, node, columns, before, after);
          return MAX_NODE_SCORE / 2 + Math.trunc((MAX_NODE_SCORE / 2 + balance(after) - balance(before)) / 2);
        };
      },
      eventsToRegister: () => [],
    };
  },
};

/** Fills the used shares (at most 1) of the counting resources, without and with the pod. */
function fractions(
  template: PodTemplate,
  node: NodeInfo,
  columns: readonly number[],
  before: number[],
  after: number[],
): void {
  before.length = after.length = 0;
  for (const column of columns) {
    const wanted = amountOf(template.accounted, column);
    const allocatable = node.allocatable[node.base + column];
    if (allocatable === 0 || (wanted === 0 && column >= FIRST_SCALAR)) continue;
    const used = node.requested[node.base + column];
    before.push(Math.min(1, used / allocatable));
    after.push(Math.min(1, (used + wanted) / allocatable));
  }
}

/** The score by two resources that every node counts. */
function balancedPair(
  template: PodTemplate,
  a: number,
  b: number,
  nodes: CachedNodes,
): (node: NodeInfo, row: number) => number {
  const wantedA = amountOf(template.accounted, a);
  const wantedB = amountOf(template.accounted, b);
  return (_node, row) => {
    const { allocatable, requested, rowStride } = nodes;
    const base = row * rowStride;
    const allA = allocatable[base + a];
    const allB = allocatable[base + b];
    if (allA === 0 || allB === 0) return EVEN_SCORE;
    const usedA = requested[base + a];
    const usedB = requested[base + b];
    const after = pairBalance((usedA + wantedA) / allA, (usedB + wantedB) / allB);
    return MAX_NODE_SCORE / 2 + Math.trunc((MAX_NODE_SCORE / 2 + after - pairBalance(usedA / allA, usedB / allB)) / 2);
  };
}

/** Of fewer than two shares: as even with the pod as without. */
const EVEN_SCORE = MAX_NODE_SCORE / 2 + Math.trunc(MAX_NODE_SCORE / 4);

/** `balance` of two shares. */
function pairBalance(a: number, b: number): number {
  return Math.trunc((1 - Math.abs(((a < 1 ? a : 1) - (b < 1 ? b : 1)) / 2)) * MAX_NODE_SCORE);
}

/** 100 when all shares are equal, less the more they spread (population standard deviation). */
function balance(shares: readonly number[]): number {
  return Math.trunc((1 - deviation(shares)) * MAX_NODE_SCORE);
}

function deviation(shares: readonly number[]): number {
  const count = shares.length;
  if (count < 2) return 0;
  if (count === 2) return Math.abs((shares[0] - shares[1]) / 2);
  let sum = 0;
  for (const share of shares) sum += share;
  const mean = sum / count;
  let squares = 0;
  for (const share of shares) squares += (share - mean) * (share - mean);
  return Math.sqrt(squares / count);
}
