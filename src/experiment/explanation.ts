/**
 * Why a pod goes where it goes: at the beginning of its cycle the scheduler's own algorithm decides once more, without
 * caches and with everything written down, and every node is filtered, whatever the sampling. Nothing of the run is
 * changed: random streams are put back. Costs a plain decision and a Filter on every node.
 */
import { assert } from '../base/assert.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { RandomStreams } from '../kernel/random.ts';
import type { RandomStreamsState } from '../kernel/random.ts';
import { Algorithm } from '../scheduler/framework/algorithm.ts';
import type { AlgorithmOptions, ScheduleResult } from '../scheduler/framework/algorithm.ts';
import { CycleState } from '../scheduler/framework/cycle-state.ts';
import { PodInfo } from '../scheduler/framework/pod-info.ts';
import type { Profile } from '../scheduler/framework/profile.ts';
import { CODE_NAMES, statusMessage } from '../scheduler/framework/status.ts';
import type { Status } from '../scheduler/framework/status.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** One plugin's score of one node. */
export interface ExplainedScore {
  readonly plugin: string;
  readonly raw: number;
  readonly normalized: number;
  readonly weighted: number;
}

/**
 * `chosen`, `scored`: looked at and scored. `notLookedAt`: passes every filter, but the search had ended (sampling).
 * `rejected`: by a filter, or beforehand.
 */
export type NodeVerdict = 'chosen' | 'scored' | 'notLookedAt' | 'rejected';

export interface ExplainedNode {
  readonly node: string;
  readonly verdict: NodeVerdict;
  /** Of a rejection: its code, the plugin that gave it ('' for several), and upstream's words. */
  readonly code: string;
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** null: not scored. The only node that passes gets no scores: nothing is left to decide. */
  readonly total: number | null;
  readonly scores: readonly ExplainedScore[];
}

export interface Explanation {
  readonly atMicros: number;
  readonly namespace: string;
  readonly pod: string;
  readonly schedulerName: string;
  /** null: it found none. */
  readonly node: string | null;
  /** What PreFilter, or the search as a whole, said; '' when a node was found. Without preemption's part. */
  readonly message: string;
  readonly evaluatedNodes: number;
  readonly feasibleNodes: number;
  /** Nodes with the highest total: any of them would do, the tie-break takes one. */
  readonly best: readonly string[];
  /** In the scheduler's order of nodes. */
  readonly nodes: readonly ExplainedNode[];
}

/** As the scheduler has them. */
export type ExplainerOptions = Pick<AlgorithmOptions, 'percentageOfNodesToScore' | 'sampling' | 'tieBreak'>;

type Scores = Map<string, { total: number; scores: ExplainedScore[] }>;

export class Explainer {
  private readonly kernel: Kernel;
  private readonly scheduler: Scheduler;
  private readonly twin: Algorithm;
  private readonly tieStreams = new RandomStreams('explanation');

  constructor(kernel: Kernel, scheduler: Scheduler, options: ExplainerOptions) {
    this.kernel = kernel;
    this.scheduler = scheduler;
    this.twin = new Algorithm(scheduler.cache, scheduler.snapshot, {
      ...options,
      plain: true,
      tieStream: this.tieStreams.stream('tie-break'),
    });
  }

  /**
   * To be called when the pod's cycle begins. `taken`: the node that the cycle is known to have taken, where the state
   * of the tie-break is not; it counts when it is one of the best.
   */
  explain(pod: number, taken: string | null = null): Explanation {
    const { kernel, scheduler, twin } = this;
    const before = kernel.random.state();
    const profile = scheduler.profiles.get(scheduler.cache.templateOf(pod).schedulerName);
    assert(profile !== undefined, 'a pod whose cycle begins has a profile');
    twin.nextStartNodeIndex = scheduler.algorithm.nextStartNodeIndex;
    this.tieStreams.stream('tie-break').restore(kernel.random.stream('tie-break', scheduler.process).state());
    const view = new PodInfo(scheduler.cache, pod);
    const scores: Scores = new Map();
    const decided = twin.schedule(profile, new CycleState(), view, (plugin, weighted, { nodes, raw, normalized }) => {
      nodes.forEach(({ name }, index) => {
        const entry = scores.get(name) ?? { total: 0, scores: [] };
        entry.total += weighted[index];
        entry.scores.push({ plugin, raw: raw[index], normalized: normalized[index], weighted: weighted[index] });
        scores.set(name, entry);
      });
    });
    const result = taken === null ? decided : this.withTaken(decided, taken, scores);
    const nodes = result.kind === 'noNodes' ? [] : this.verdicts(profile, view, chosenName(result), scores);
    putBack(kernel.random, before);
    return this.told(view, result, nodes);
  }

  private withTaken(result: ScheduleResult, taken: string, scores: Scores): ScheduleResult {
    const node = this.scheduler.snapshot.find(taken);
    if (result.kind !== 'scheduled' || node === undefined) return result;
    const isAsGood = scores.get(taken)?.total === scores.get(result.node.name)?.total;
    return isAsGood && scores.has(taken) ? { ...result, node } : result;
  }

  private told(view: PodInfo, result: ScheduleResult, nodes: readonly ExplainedNode[]): Explanation {
    const { template, row } = view;
    const highest = nodes.reduce((most, { total }) => Math.max(most, total ?? -Infinity), -Infinity);
    const chosen = chosenName(result);
    const best = nodes.filter(({ total }) => total === highest).map(({ node }) => node);
    const isFound = result.kind === 'scheduled';
    return {
      atMicros: this.kernel.now,
      namespace: template.namespace,
      pod: this.scheduler.cache.podName(row),
      schedulerName: template.schedulerName,
      node: chosen,
      message: messageOf(result),
      evaluatedNodes: isFound ? result.evaluatedNodes : 0,
      feasibleNodes: isFound ? result.feasibleNodes : 0,
      best: chosen !== null && best.length === 0 ? [chosen] : best,
      nodes,
    };
  }

  /** Of every node: the filters once more, on all of them. */
  private verdicts(profile: Profile, view: PodInfo, chosen: string | null, scores: Scores): ExplainedNode[] {
    const state = new CycleState();
    const { status, nodeNames, restrictors } = profile.runPreFilter(state, view);
    const byPreFilter = `node(s) didn't satisfy plugin(s) [${restrictors.join(' ')}]`;
    return this.scheduler.snapshot.nodes.map((node): ExplainedNode => {
      const { name } = node;
      if (status !== null) return rejected(name, status);
      const entry = scores.get(name);
      if (name === chosen) return { ...unscored(name, 'chosen'), ...entry };
      if (entry !== undefined) return { ...unscored(name, 'scored'), ...entry };
      if (nodeNames !== null && !nodeNames.has(name))
        return { ...unscored(name, 'rejected'), code: 'UnschedulableAndUnresolvable', reasons: [byPreFilter] };
      const verdict = profile.runFilterWithNominatedPods(state, view, node);
      return verdict === null ? unscored(name, 'notLookedAt') : rejected(name, verdict);
    });
  }
}

/** Streams that were not there before begin anew. */
function putBack(random: RandomStreams, before: RandomStreamsState): void {
  const known = new Set(before.map(({ purpose, entity }) => `${purpose}/${entity}`));
  const fresh = new RandomStreams(random.seed);
  random.restore(before);
  for (const { purpose, entity } of random.state()) {
    if (known.has(`${purpose}/${entity}`)) continue;
    random.stream(purpose, entity).restore(fresh.stream(purpose, entity).state());
  }
}

function chosenName(result: ScheduleResult): string | null {
  return result.kind === 'scheduled' ? result.node.name : null;
}

function messageOf(result: ScheduleResult): string {
  switch (result.kind) {
    case 'scheduled':
      return '';
    case 'fitError':
      return result.diagnosis.message('');
    case 'noNodes':
      return 'no nodes available to schedule pods';
    case 'error':
      return statusMessage(result.status);
  }
}

function unscored(node: string, verdict: NodeVerdict): ExplainedNode {
  return { node, verdict, code: '', plugin: '', reasons: [], total: null, scores: [] };
}

function rejected(node: string, { code, plugin, reasons }: Status): ExplainedNode {
  return { ...unscored(node, 'rejected'), code: CODE_NAMES[code], plugin, reasons };
}
