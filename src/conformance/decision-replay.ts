/**
 * Replays detailed recordings: one scheduling cycle a line, with everything that upstream says about it. The cycle is
 * the scheduler's own; beside it all nodes are filtered and all feasible ones scored, whatever the sampling.
 */
import type { NodeInfo } from '../scheduler/cache/node-info.ts';
import type { Pod } from '../cluster/objects.ts';
import { CycleState } from '../scheduler/framework/cycle-state.ts';
import type { Diagnosis } from '../scheduler/framework/diagnosis.ts';
import { PodInfo } from '../scheduler/framework/pod-info.ts';
import { CODE_NAMES, statusMessage } from '../scheduler/framework/status.ts';
import type { Status } from '../scheduler/framework/status.ts';
import { decisionDifferences } from './decision-differences.ts';
import { replayPreemption } from './preemption-replay.ts';
import { ReplayScheduler, timelessCluster } from './replay-scheduler.ts';
import type { ReplaySettings } from './replay-scheduler.ts';
import { ReplayedCluster } from './replayed-cluster.ts';
import type { SuiteTally } from './suite-tally.ts';
import { podKey } from './vector-lines.ts';
import type {
  RecordedDecision,
  RecordedRejections,
  RecordedStatus,
  ScheduleLine,
  VectorHeader,
  VectorLine,
} from './vector-lines.ts';

export class DecisionReplay {
  private readonly world: ReplayedCluster;
  private readonly scheduler: ReplayScheduler;
  private readonly tally: SuiteTally;
  private readonly seed: number | null;
  private readonly countNominations: boolean;
  /** Where nominations do not count: what upstream's filters find in place of a nominated pod, by the pod's row. */
  private readonly strangers = new Map<number, number>();
  private readonly partial: boolean;
  private readonly check: boolean;

  constructor(header: VectorHeader, settings: ReplaySettings, tally: SuiteTally) {
    this.tally = tally;
    this.seed = header.seed ?? null;
    this.countNominations = header.countNominations ?? header.suite.startsWith('small-');
    this.partial = header.partial ?? false;
    this.check = settings.check;
    this.world = new ReplayedCluster(timelessCluster(settings.kubernetes));
    this.scheduler = new ReplayScheduler(this.world.cluster, header.config, settings);
  }

  line(line: VectorLine, number: number): void {
    const { world } = this;
    switch (line.op) {
      case 'create':
        return world.create(line.object);
      case 'update':
        return world.update(line.object);
      case 'delete':
        return this.delete(line.kind, line.name);
      case 'nominate':
        return this.nominate(line.object, line.node);
      case 'schedule':
        this.schedule(line, number);
        if (this.check) this.scheduler.checkTables();
        return;
      default:
        throw new RangeError(`a recording of single decisions has no operation ${JSON.stringify(line.op)}`);
    }
  }

  private delete(kind: string, name: string): void {
    const row = kind === 'Pod' ? this.world.findPod(name) : undefined;
    if (row !== undefined) this.withdraw(row);
    this.world.delete(kind, name);
  }

  private nominate(pod: Pod, nodeName: string): void {
    const row = this.world.findPod(podKey(pod)) ?? this.world.createWaiting(pod);
    this.world.cluster.nominatePod(row, nodeName);
    this.scheduler.nominator.add(this.countNominations ? row : this.strangerFor(row, pod), nodeName);
  }

  /**
   * A nominated pod that is in no queue is known by its name alone: filters count a pod of priority 0 without labels or
   * requests (backend/queue/scheduling_queue.go nominatedPodToInfo).
   */
  private strangerFor(row: number, { metadata }: Pod): number {
    const { world, strangers } = this;
    const { name = '', namespace = 'default' } = metadata ?? {};
    const known = strangers.get(row);
    if (known !== undefined) return known;
    const template = world.cluster.internTemplate({ metadata: { namespace }, spec: { containers: [] } });
    const stranger = world.pendingPod(`${namespace}/${name} by name`, template.id);
    strangers.set(row, stranger);
    return stranger;
  }

  /** The pod waits for its node no more. */
  private withdraw(row: number): void {
    const { nominator } = this.scheduler;
    nominator.remove(row);
    const stranger = this.strangers.get(row);
    if (stranger === undefined) return;
    nominator.remove(stranger);
    this.strangers.delete(row);
    this.world.removePod(stranger);
  }

  private schedule(line: ScheduleLine, number: number): void {
    const { world, scheduler } = this;
    const { cluster } = world;
    const key = podKey(line.object);
    const known = world.findPod(key);
    const row = known ?? world.createWaiting(line.object);
    cluster.nominatePod(row, line.object.status?.nominatedNodeName ?? '');
    // A pod does not count itself, by whatever name.
    const own = this.strangers.get(row);
    const ownNode = own === undefined ? undefined : scheduler.nominator.nodeOf(own);
    if (own !== undefined) scheduler.nominator.remove(own);
    const got = this.decide(row, line.expect.preemption !== undefined);
    if (own !== undefined && ownNode !== undefined) scheduler.nominator.add(own, ownNode);
    this.tally.decide(
      number,
      this.seed,
      key,
      decisionDifferences(line.expect, got, { byNameOfNode: namesNodes(line.object), partial: this.partial }),
    );
    // The recording goes on from upstream's choice, so that one difference does not cause others.
    const chosen = line.expect.node ?? null;
    if (chosen === null) {
      // A pod that waits for its nominated node goes on waiting until the recording says otherwise.
      if (known === undefined) world.removePod(row);
      return;
    }
    this.withdraw(row);
    cluster.nominatePod(row, '');
    cluster.placePod(row, world.nodeRow(chosen));
  }

  private decide(row: number, withPreemption: boolean): RecordedDecision {
    const { algorithm, snapshot } = this.scheduler;
    const pod = new PodInfo(this.scheduler.cache, row);
    const profile = this.scheduler.profileOf(pod);
    const state = new CycleState();
    const result = algorithm.schedule(profile, state, pod);
    const wide = this.lookEverywhere(pod, snapshot.nodes);
    switch (result.kind) {
      case 'scheduled':
        return {
          node: result.node.name,
          evaluatedNodes: result.evaluatedNodes,
          feasibleNodes: result.feasibleNodes,
          ...wide,
        };
      case 'noNodes':
        return { ...wide, message: 'no nodes available to schedule pods' };
      case 'error':
        return { ...wide, message: statusMessage(result.status) };
      case 'fitError': {
        const { diagnosis } = result;
        const failure = { message: diagnosis.message(''), unschedulablePlugins: [...diagnosis.unschedulablePlugins] };
        return { ...wide, ...failure, ...(withPreemption ? { preemption: this.preempt(pod, state, diagnosis) } : {}) };
      }
    }
  }

  private preempt(pod: PodInfo, state: CycleState, diagnosis: Diagnosis): NonNullable<RecordedDecision['preemption']> {
    const { world, scheduler } = this;
    return replayPreemption(
      { profile: scheduler.profileOf(pod), handle: scheduler.handleOf(pod), keyOf: (row) => world.keyOf(row) },
      pod,
      state,
      diagnosis,
    );
  }

  /** The verdict on every node that PreFilter leaves, and every feasible node's scores, in the cache's order. */
  private lookEverywhere(pod: PodInfo, nodes: readonly NodeInfo[]): RecordedDecision {
    const profile = this.scheduler.profileOf(pod);
    const state = new CycleState();
    const { status, nodeNames } = profile.runPreFilter(state, pod);
    if (status !== null) return { preFilter: recordedStatus(status) };
    const feasible: NodeInfo[] = [];
    const rejections = new Map<string, RecordedRejections & { nodes: string[] }>();
    for (const node of nodes) {
      if (nodeNames !== null && !nodeNames.has(node.name)) continue;
      const verdict = profile.runFilterWithNominatedPods(state, pod, node);
      if (verdict === null) feasible.push(node);
      else addRejection(rejections, verdict, node.name);
    }
    return { filter: [...rejections.values()], ...(feasible.length === 0 ? {} : this.scoreAll(pod, state, feasible)) };
  }

  private scoreAll(pod: PodInfo, state: CycleState, nodes: readonly NodeInfo[]): RecordedDecision {
    const { algorithm } = this.scheduler;
    const scores: Record<string, number[]> = {};
    const failed = algorithm.scoreNodes(this.scheduler.profileOf(pod), state, pod, nodes, (plugin, weighted) => {
      scores[plugin] = [...weighted.subarray(0, nodes.length)];
    });
    if (failed !== null) return { message: statusMessage(failed) };
    return {
      scoredNodes: nodes.map((node) => node.name),
      scores,
      total: nodes.map((_, index) => algorithm.total(index)),
    };
  }
}

function addRejection(
  groups: Map<string, RecordedRejections & { nodes: string[] }>,
  status: Status,
  nodeName: string,
): void {
  const key = `${status.code} ${status.plugin} ${status.reasons.join('\n')}`;
  const group = groups.get(key);
  if (group === undefined) groups.set(key, { ...recordedStatus(status), nodes: [nodeName] });
  else group.nodes.push(nodeName);
}

function recordedStatus(status: Status): RecordedStatus {
  return { code: CODE_NAMES[status.code], plugin: status.plugin, reasons: status.reasons };
}

/** Whether the pod's required node affinity may name nodes: upstream then looks at them in random order. */
function namesNodes(pod: Pod): boolean {
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.some((term) => (term.matchFields?.length ?? 0) > 0);
}
