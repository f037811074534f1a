/**
 * A cluster as a decision found it, put together from the log of a kept run: nodes and objects as they changed, in
 * order, then the pods that were there, each once. No workload, kubelet or autoscaler acts and no earlier decision is
 * made again. Costs a walk through the log, and the building of the cluster.
 */
import { assert } from '../base/assert.ts';
import { growInt32, growUint8, grownCapacity } from '../base/growable.ts';
import { Cluster, EvictionCause } from '../cluster/cluster.ts';
import type { KubernetesObject, Node, Pod } from '../cluster/objects.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { momentOfRun } from '../simulation/cluster-moment.ts';
import type { ClusterMoment } from '../simulation/cluster-moment.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { KeptDecision } from './kept-decisions.ts';
import { readKept } from './kept-log.ts';
import type { KeptVisitor, NodeMember } from './kept-log.ts';

export interface KeptClusterOptions {
  readonly scenario: Scenario;
  readonly configuration: SchedulerConfiguration;
  readonly registry: ReadonlyMap<string, PluginFactory>;
}

const SCHEDULER_PHASE = 5;
const NO_NODE = -1;
const GONE = -2;

export class KeptCluster implements KeptVisitor {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  /** Row of the pod that is decided on. */
  asked = -1;
  /** Name of the node that was chosen; null: none. */
  readonly taken: string | null;
  private readonly scenario: Scenario;
  private readonly wanted: number;
  private readonly pods = new PodColumns();
  private readonly templates: { readonly json: string; id: number }[] = [];
  private readonly rows = new Map<number, number>();
  private readonly pins = new Map<number, string>();
  private readonly heldDevices = new Map<number, readonly number[]>();
  private readonly nominations = new Map<number, string>();
  private ownNominee = '';
  private cycle = 0;
  /** Pod of the cycle under way. */
  private decided = -1;

  /** As it was when the cycle of the decision began. */
  constructor(bytes: Uint8Array, { cycle, chosen }: KeptDecision, options: KeptClusterOptions) {
    const { scenario, configuration, registry } = options;
    const { tieBreak, sampling } = scenario.scheduler;
    this.scenario = scenario;
    this.wanted = cycle;
    this.kernel = new Kernel({ seed: scenario.seed });
    this.cluster = new Cluster(this.kernel, scenario.kubernetes);
    this.scheduler = new Scheduler(this.kernel, this.cluster, {
      configuration, registry, tieBreak, sampling,
      cycleMicros: 0, bindMicros: 0, autoRun: false, plain: true, phase: SCHEDULER_PHASE,
    });
    readKept(bytes, this);
    assert(this.asked >= 0, 'a kept run has the decision that it was asked for');
    const row = chosen < 0 ? undefined : this.rows.get(chosen);
    this.taken = row === undefined ? null : this.cluster.nodes.facts[row].name;
  }

  /** The same as objects, as `momentOfRun` has them of the run itself. */
  moment(): ClusterMoment {
    const { cluster, scheduler } = this;
    const moment = momentOfRun(cluster, [scheduler.cache], this.scenario);
    const order = [...this.rows].filter(([, row]) => cluster.nodes.alive[row] === 1).sort(([a], [b]) => a - b);
    return { ...moment, nodes: order.map(([, row]) => cluster.nodes.facts[row].object) };
  }

  // ---- what the log tells ----------------------------------------------------------------------------------------

  resource(name: string): void {
    this.cluster.resources.column(name);
  }

  template(_id: number, _namespace: string, json: string): void {
    this.templates.push({ json, id: -1 });
  }

  object(kind: string, json: string): void {
    this.cluster.putObject(kind, JSON.parse(json) as KubernetesObject);
  }

  objectGone(kind: string, key: string): void {
    this.cluster.removeObject(kind, key);
  }

  nodeAdded(row: number, _name: string, json: string): void {
    this.rows.set(row, this.cluster.addNode(JSON.parse(json) as Node));
  }

  nodeUpdated(keptRow: number, changes: readonly NodeMember[]): void {
    const row = this.row(keptRow);
    let node = this.cluster.nodes.facts[row].object;
    for (const { section, name, value } of changes) {
      const { [name]: _before, ...others } = (node[section] ?? {}) as Record<string, unknown>;
      node = { ...node, [section]: value === undefined ? others : { ...others, [name]: value } };
    }
    this.cluster.updateNode(row, node);
  }

  nodeGone(keptRow: number): void {
    this.cluster.removeNode(this.row(keptRow));
    this.rows.delete(keptRow);
  }

  pod(template: number, base: string, ordinal: number): void {
    this.pods.add(template, this.cluster.names.intern(base), ordinal);
  }

  pinned(nodeName: string): void {
    this.pins.set(this.pods.count - 1, nodeName);
  }

  podUpdated(pod: number, template: number): void {
    this.pods.template[pod] = template;
  }

  podPlaced(pod: number, row: number): void {
    this.pods.node[pod] = row;
  }

  podForgotten(pod: number): void {
    this.pods.node[pod] = NO_NODE;
    this.heldDevices.delete(pod);
  }

  podTerminating(pod: number): void {
    this.pods.terminating[pod] = 1;
  }

  podGone(pod: number): void {
    this.pods.node[pod] = GONE;
    this.heldDevices.delete(pod);
  }

  devices(pod: number, devices: readonly number[]): void {
    this.heldDevices.set(pod, devices);
  }

  nominated(pod: number, nodeName: string): void {
    this.nominations.set(pod, nodeName);
  }

  nominationGone(pod: number): void {
    this.nominations.delete(pod);
  }

  touched(keptRow: number): void {
    const row = this.rows.get(keptRow);
    if (row !== undefined) this.scheduler.snapshot.touch(row);
  }

  ownNomination(nodeName: string): void {
    this.ownNominee = nodeName;
  }

  cycleBegins(pod: number, at: number, start: number): boolean {
    this.cycle++;
    this.decided = pod;
    this.scheduler.snapshot.refresh();
    if (this.cycle < this.wanted) {
      this.ownNominee = '';
      return false;
    }
    this.passTo(at);
    this.build(pod);
    this.scheduler.snapshot.forgetTouches();
    this.scheduler.algorithm.nextStartNodeIndex = start;
    return true;
  }

  chosen(row: number): void {
    this.pods.node[this.decided] = row;
  }

  /** Nothing happens meanwhile: all that changes is told by the log. */
  private passTo(at: number): void {
    this.kernel.at(at, this.kernel.defineEvent('kept.decision', SCHEDULER_PHASE, () => undefined));
    this.kernel.run({ until: at });
  }

  // ---- the pods --------------------------------------------------------------------------------------------------

  private build(asked: number): void {
    const { pods, scheduler } = this;
    for (let pod = 0; pod < pods.count; pod++) {
      const node = pods.node[pod];
      if (node >= 0 && this.rows.has(node)) this.place(pod, this.row(node));
    }
    this.asked = this.create(asked, this.ownNominee);
    const { nominator } = scheduler.queue;
    for (const [pod, nodeName] of this.nominations) {
      const row = pod === asked ? this.asked : this.create(pod, nodeName);
      nominator.add(row, nodeName);
    }
  }

  private place(pod: number, node: number): void {
    const row = this.create(pod);
    this.cluster.bindPod(row, node, this.heldDevices.get(pod) ?? null);
    if (this.pods.terminating[pod] === 1) this.cluster.terminatePod(row, EvictionCause.Api);
  }

  private create(pod: number, nominatedNodeName = ''): number {
    const { pods, cluster } = this;
    const pin = this.pins.get(pod);
    return cluster.createPod({
      template: this.templateId(pods.template[pod]),
      nameBase: pods.nameBase[pod],
      nameOrdinal: pods.ordinal[pod],
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: pin === undefined ? -1 : cluster.names.intern(pin),
      nominatedNode: nominatedNodeName === '' ? -1 : cluster.names.intern(nominatedNodeName),
    });
  }

  private templateId(number: number): number {
    const template = this.templates[number];
    if (template.id < 0) template.id = this.cluster.internTemplate(JSON.parse(template.json) as Pod).id;
    return template.id;
  }

  private row(keptRow: number): number {
    const row = this.rows.get(keptRow);
    assert(row !== undefined, 'a kept run speaks of nodes that it has told of');
    return row;
  }
}

/** By number of the pod. */
class PodColumns {
  count = 0;
  template: Int32Array = new Int32Array(0);
  /** Interned prefix of the name, or the whole name. */
  nameBase: Int32Array = new Int32Array(0);
  /** -1: the prefix is the whole name. */
  ordinal: Int32Array = new Int32Array(0);
  /** Row in the log; NO_NODE, GONE. */
  node: Int32Array = new Int32Array(0);
  terminating: Uint8Array = new Uint8Array(0);

  add(template: number, nameBase: number, ordinal: number): void {
    const pod = this.count++;
    if (pod >= this.node.length) this.grow(grownCapacity(this.node.length, pod + 1));
    this.template[pod] = template;
    this.nameBase[pod] = nameBase;
    this.ordinal[pod] = ordinal;
    this.node[pod] = NO_NODE;
  }

  private grow(capacity: number): void {
    this.template = growInt32(this.template, capacity);
    this.nameBase = growInt32(this.nameBase, capacity);
    this.ordinal = growInt32(this.ordinal, capacity);
    this.node = growInt32(this.node, capacity);
    this.terminating = growUint8(this.terminating, capacity);
  }
}
