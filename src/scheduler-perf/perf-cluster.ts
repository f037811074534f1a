/**
 * The cluster of one workload: the real scheduler on an API server that answers at once and has no kubelet behind it.
 * Objects come and go by name; deleted pods are gone in the same instant, unless a finalizer holds them. Keeps for each
 * pod whether somebody waits for its binding and whether the phase being measured counts it.
 */
import { InputError } from '../base/input-error.ts';
import { growUint8, grownCapacity } from '../base/growable.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { KubernetesObject, Node, Pod } from '../cluster/objects.ts';
import { applyPodDefaults } from '../control-plane/pod-defaults.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { EventKind } from '../kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { splitName } from '../control-plane/pod-admission.ts';
import { Phase } from '../simulation/simulation.ts';

/** Which pods are meant: of some namespaces (null: all), with some labels (null: any). */
export interface PodSelection {
  readonly namespaces: ReadonlySet<string> | null;
  readonly labels: Readonly<Record<string, string>> | null;
}

interface NamedPod {
  readonly row: number;
  readonly incarnation: number;
  readonly pod: Pod;
}

/** Bits of a pod's mark. */
const WAITED_FOR = 1;
const MEASURED = 2;

export class PerfCluster implements ClusterObserver {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  /** Pods that somebody waits for and that have no node yet. */
  waitedFor = 0;
  /** Of the phase being measured. */
  measuredPods = 0;
  measuredScheduled = 0;
  private readonly removeEvent: EventKind;
  private readonly named = new Map<string, NamedPod>();
  private readonly ordinals = new Map<string, number>();
  /** Of pods with a generated name, by prefix. */
  private readonly numbers = new Map<string, { readonly base: number; next: number }>();
  /** Templates of pods that a finalizer holds. */
  private readonly held = new Set<number>();
  private marks: Uint8Array = new Uint8Array(0);
  private measured: PodSelection | null = null;
  /** By template id, of the phase being measured: whether it counts; undefined: not looked at yet. */
  private measuredTemplates: boolean[] = [];
  private readonly workloadClass: number;

  constructor(configuration: unknown, options: { readonly seed: string; readonly plain: boolean }) {
    const registry = pluginRegistry();
    this.kernel = new Kernel({ seed: options.seed });
    this.cluster = new Cluster(this.kernel);
    this.scheduler = new Scheduler(this.kernel, this.cluster, {
      configuration: decodeSchedulerConfiguration(configuration, { registry }),
      registry,
      cycleMicros: 0,
      bindMicros: 0,
      tieBreak: 'upstream',
      sampling: true,
      autoRun: true,
      plain: options.plain,
      phase: Phase.Scheduler,
    });
    this.workloadClass = this.cluster.classes.intern('Pod');
    this.removeEvent = this.kernel.defineEvent('api.remove', Phase.Node, (pod, incarnation) =>
      this.remove(pod, incarnation),
    );
    this.cluster.observe(this);
  }

  // ---- objects ---------------------------------------------------------------------------------------------------

  addNamespace(name: string, object: KubernetesObject = {}): void {
    if (this.cluster.objects.get('Namespace', name) !== undefined) return;
    const labels = { ...object.metadata?.labels, 'kubernetes.io/metadata.name': name };
    this.cluster.putObject('Namespace', {
      ...object,
      kind: 'Namespace',
      metadata: { ...object.metadata, name, labels },
    });
  }

  /** The object's own name, or its prefix with an ordinal where upstream puts random letters. */
  nameFor({ kind = '', metadata }: KubernetesObject, prefix = ''): string {
    if (metadata?.name !== undefined && metadata.name !== '') return metadata.name;
    const base = metadata?.generateName ?? prefix;
    const key = `${kind} ${base}`;
    const ordinal = this.ordinals.get(key) ?? 0;
    this.ordinals.set(key, ordinal + 1);
    return `${base}${ordinal}`;
  }

  addNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    if (this.cluster.nodeRow(name) >= 0) throw new InputError({ message: `a second node is named ${name}` });
    this.cluster.addNode(node);
  }

  /** The id of the template of pods like this one; `held`: a finalizer keeps them after deletion. */
  template(pod: Pod, namespace: string): number {
    const { finalizers } = (pod.metadata ?? {}) as { readonly finalizers?: readonly string[] };
    const isHeld = (finalizers?.length ?? 0) > 0;
    // Upstream's test server runs without the Priority admission plugin: a pod keeps the number it brings.
    const admitted = applyPodDefaults({ ...pod, metadata: { ...pod.metadata, namespace } }, { admitted: true });
    const { id } = this.cluster.internTemplate(withoutNodeName(admitted));
    if (isHeld) this.held.add(id);
    return id;
  }

  /** A pod of a known template; only pods with a name of their own can be updated later. */
  createPod(template: number, pod: Pod, namespace: string, waitFor: boolean): void {
    const { cluster } = this;
    const name = pod.metadata?.name ?? '';
    const { base, ordinal } =
      name === '' ? this.nextNumber(pod.metadata?.generateName ?? 'pod-') : splitName(name, cluster);
    const row = cluster.createPod({
      template,
      nameBase: base,
      nameOrdinal: ordinal,
      owner: -1,
      workloadClass: this.workloadClass,
      durationMicros: Infinity,
      pinnedNode: -1,
    });
    if (waitFor) this.waitForPod(row);
    if (name !== '') this.named.set(`${namespace}/${name}`, { row, incarnation: cluster.pods.incarnation[row], pod });
    const nodeName = pod.spec?.nodeName ?? '';
    if (nodeName === '') return;
    const node = cluster.nodeRow(nodeName);
    if (node < 0)
      throw new InputError({ message: `pod ${namespace}/${name} names the node ${nodeName}, which does not exist` });
    cluster.placePod(row, node);
  }

  private nextNumber(prefix: string): { readonly base: number; readonly ordinal: number } {
    let numbers = this.numbers.get(prefix);
    if (numbers === undefined)
      this.numbers.set(prefix, (numbers = { base: this.cluster.names.intern(prefix.replace(/-$/, '')), next: 0 }));
    return { base: numbers.base, ordinal: numbers.next++ };
  }

  /** Row of the pod with this name, -1 when it is gone, and the pod as last written. */
  findPod(namespace: string, name: string): { readonly row: number; readonly pod: Pod } | null {
    const entry = this.named.get(`${namespace}/${name}`);
    return entry === undefined ||
      this.cluster.pods.incarnation[entry.row] !== entry.incarnation ||
      this.cluster.pods.phase[entry.row] === PodPhase.Free
      ? null
      : entry;
  }

  updatePod(namespace: string, pod: Pod): void {
    const name = pod.metadata?.name ?? '';
    const known = this.findPod(namespace, name);
    if (known === null) throw new InputError({ message: `there is no pod ${namespace}/${name} to update` });
    this.named.set(`${namespace}/${name}`, {
      row: known.row,
      incarnation: this.cluster.pods.incarnation[known.row],
      pod,
    });
    this.cluster.updatePod(known.row, this.template(pod, namespace));
  }

  deletePod(row: number): void {
    this.cluster.terminatePod(row, EvictionCause.None);
  }

  // ---- who is meant ----------------------------------------------------------------------------------------------

  /** Rows of the pods that there are, in row order. */
  podsOf(selection: PodSelection): number[] {
    const { pods } = this.cluster;
    const rows: number[] = [];
    const known = new Map<number, boolean>();
    for (let row = 0; row < pods.length; row++) {
      if (pods.phase[row] === PodPhase.Free) continue;
      const id = pods.template[row];
      let chosen = known.get(id);
      if (chosen === undefined) known.set(id, (chosen = isSelected(this.cluster.templates.get(id), selection)));
      if (chosen) rows.push(row);
    }
    return rows;
  }

  /** From now on the selected pods without a node are waited for. */
  waitForUnscheduled(selection: PodSelection): void {
    for (const row of this.podsOf(selection)) if (this.cluster.pods.node[row] < 0) this.waitForPod(row);
  }

  stopWaiting(): void {
    for (let row = 0; row < this.marks.length; row++) this.marks[row] &= ~WAITED_FOR;
    this.waitedFor = 0;
  }

  /** Counts the selected pods that have no node yet, and those to come. */
  startMeasuring(selection: PodSelection): void {
    this.measured = selection;
    this.measuredTemplates = [];
    this.measuredPods = this.measuredScheduled = 0;
    for (const row of this.podsOf(selection)) if (this.cluster.pods.node[row] < 0) this.measure(row);
  }

  stopMeasuring(): void {
    this.measured = null;
    for (let row = 0; row < this.marks.length; row++) this.marks[row] &= ~MEASURED;
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    if (pod >= this.marks.length) this.marks = growUint8(this.marks, grownCapacity(this.marks.length, pod + 1));
    this.marks[pod] = 0;
    if (this.measured === null) return;
    const id = this.cluster.pods.template[pod];
    if (this.measuredTemplates[id] === undefined)
      this.measuredTemplates[id] = isSelected(this.cluster.templates.get(id), this.measured);
    if (this.measuredTemplates[id]) this.measure(pod);
  }

  podBound(pod: number): void {
    const mark = this.marks[pod];
    if (mark === 0) return;
    this.marks[pod] = 0;
    if ((mark & MEASURED) !== 0) this.measuredScheduled++;
    if ((mark & WAITED_FOR) !== 0) this.noLongerWaited();
  }

  podTerminating(pod: number): void {
    if (this.held.has(this.cluster.pods.template[pod])) return;
    this.kernel.after(0, this.removeEvent, pod, this.cluster.pods.incarnation[pod] | 0);
  }

  podRemoved(pod: number): void {
    const mark = this.marks[pod];
    this.marks[pod] = 0;
    if ((mark & WAITED_FOR) !== 0) this.noLongerWaited();
  }

  private waitForPod(row: number): void {
    if ((this.marks[row] & WAITED_FOR) !== 0) return;
    this.marks[row] |= WAITED_FOR;
    this.waitedFor++;
  }

  private noLongerWaited(): void {
    if (--this.waitedFor === 0) this.kernel.stop();
  }

  private measure(row: number): void {
    this.marks[row] |= MEASURED;
    this.measuredPods++;
  }

  private remove(pod: number, incarnation: number): void {
    const { pods } = this.cluster;
    if ((pods.incarnation[pod] | 0) !== incarnation || pods.phase[pod] === PodPhase.Free) return;
    this.cluster.removePod(pod, pods.cause[pod] === EvictionCause.Preemption ? PodOutcome.Evicted : PodOutcome.Deleted);
  }
}

function isSelected(template: PodTemplate, { namespaces, labels }: PodSelection): boolean {
  if (namespaces !== null && !namespaces.has(template.namespace)) return false;
  return labels === null || Object.entries(labels).every(([key, value]) => template.labels.get(key) === value);
}
