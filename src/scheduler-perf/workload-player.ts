/**
 * Plays the ops of one workload in simulated time. Decisions and API calls take none, so ops follow each other at one
 * instant, save for what upstream lets take time: sleep, rates, churn, backoff. Waiting means running the kernel.
 * While something goes on in the background (churn, deletions), pods arrive at the workload's threshold rate instead of
 * all at once: otherwise no simulated time would pass and nothing of it would happen.
 */
import { InputError } from '../base/input-error.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { KubernetesObject, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../cluster/objects.ts';
import { keyOf } from '../cluster/object-store.ts';
import type { EventKind } from '../kernel/kernel.ts';
import { Phase } from '../simulation/simulation.ts';
import type { Mapping } from '../base/structure.ts';
import { BackgroundWork } from './background-work.ts';
import type { ChurnedObject } from './background-work.ts';
import type { ObjectTemplate, ObjectTemplates } from './object-template.ts';
import type { Churn, CreateNodes, CreatePods, PerfOp, UpdateAny } from './ops.ts';
import type { PerfCluster, PodSelection } from './perf-cluster.ts';
import type { PerfCase, PerfWorkload } from './perf-file.ts';
import { PhaseMeter } from './phase-meter.ts';
import type { Clock } from './phase-meter.ts';
import {
  baseNode,
  basePod,
  csiNodeFor,
  placedObject,
  podWithVolume,
  preparedNode,
  resizedPod,
} from './prepared-objects.ts';

/** Pods/s while something goes on in the background and the workload has no threshold. */
export const DEFAULT_ARRIVAL_RATE = 250;
/** How long upstream waits before it gives up, in simulated time here. */
const TIMEOUT_MICROS = 600 * MICROS_PER_SECOND;
const SLICE_EVENTS = 4096;

export class WorkloadPlayer {
  readonly meter: PhaseMeter;
  readonly notes: string[] = [];
  nodes = 0;
  private readonly target: PerfCluster;
  private readonly perfCase: PerfCase;
  private readonly workload: PerfWorkload;
  private readonly templates: ObjectTemplates;
  private readonly background: BackgroundWork;
  /** Namespaces whose pods a later barrier may wait for. */
  private readonly awaited = new Set<string>();
  private readonly passedEvent: EventKind;
  private opIndex = 0;

  constructor(target: PerfCluster, perfCase: PerfCase, workload: PerfWorkload, templates: ObjectTemplates, now: Clock) {
    this.target = target;
    this.perfCase = perfCase;
    this.workload = workload;
    this.templates = templates;
    this.background = new BackgroundWork(target);
    this.passedEvent = target.kernel.defineEvent('perf.passed', Phase.Input, () => undefined);
    this.meter = new PhaseMeter(now, () => ({
      pods: target.measuredPods,
      scheduled: target.measuredScheduled,
      decisions: target.scheduler.decisions,
    }));
  }

  play(ops: readonly PerfOp[]): void {
    for (const [index, op] of ops.entries()) {
      this.opIndex = index;
      this.run(op);
    }
    if (!this.meter.isRunning) return;
    this.note('the last phase is never stopped: measured until the last op');
    this.stopMeasuring();
  }

  private run(op: PerfOp): void {
    switch (op.opcode) {
      case 'createNodes':
        return this.createNodes(op);
      case 'createPods':
        return this.createPods(op, op.namespace ?? `namespace-${this.opIndex}`);
      case 'createPodSets':
        for (let i = 0; i < op.count; i++) this.createPods(op.pods, `${op.namespacePrefix}-${i}`);
        return;
      case 'createNamespaces': {
        const object =
          op.templatePath === null ? {} : this.template(op.templatePath).make({ Index: 0, Count: op.count });
        for (let i = 0; i < op.count; i++) this.target.addNamespace(`${op.prefix}-${i}`, object);
        return;
      }
      case 'createAny':
        for (let i = 0; i < op.count; i++)
          this.createObject(
            this.template(op.templatePath).make({ ...op.params, Index: i, Count: op.count }),
            op.namespace ?? '',
          );
        return;
      case 'updateAny':
        return this.updateAny(op);
      case 'churn':
        return this.churn(op);
      case 'deletePods':
        return this.deletePods(
          { namespaces: new Set([op.namespace]), labels: op.selector },
          op.perSecond,
          op.skipWaitToCompletion,
        );
      case 'barrier':
        return this.barrier(op.stage, op.namespaces, op.selector);
      case 'sleep':
        this.pass(op.micros);
        return;
      case 'startCollectingMetrics':
        if (this.meter.isRunning)
          throw new InputError({
            ...this.perfCase.placeOf(this.opIndex, 'opcode'),
            message: 'metrics are being collected already',
          });
        return this.startMeasuring(op.name === '' ? `op-${this.opIndex}` : op.name, {
          namespaces: op.namespaces.length === 0 ? null : new Set(op.namespaces),
          labels: op.selector,
        });
      case 'stopCollectingMetrics':
        return this.stopMeasuring();
      case 'none':
        return;
    }
  }

  // ---- ops -------------------------------------------------------------------------------------------------------

  private createNodes({ count, templatePath, params, strategy }: CreateNodes): void {
    const { target } = this;
    const template = templatePath === null ? null : this.template(templatePath);
    for (let i = 0; i < count; i++) {
      const node: Node =
        template === null ? baseNode(`node-${this.opIndex}-`) : template.make({ ...params, Index: i, Count: count });
      const name = target.nameFor(node);
      target.addNode(preparedNode(node, name, strategy, i));
      const csiNode = csiNodeFor(name, strategy);
      if (csiNode !== null) target.cluster.putObject('CSINode', csiNode);
    }
    this.nodes += count;
  }

  private createPods(op: CreatePods, namespace: string): void {
    const { target, background } = this;
    target.addNamespace(namespace);
    if (op.collectMetrics) this.startMeasuring(namespace, { namespaces: new Set([namespace]), labels: null });
    const create = this.podMaker(op, namespace);
    if (background.active === 0) for (let i = 0; i < op.count; i++) create(i);
    else this.createAtRate(op.count, create);
    if (op.skipWaitToCompletion) this.awaited.add(namespace);
    else this.waitForScheduling(`pods in ${namespace}`);
    if (op.collectMetrics) this.stopMeasuring();
  }

  /** Makes the n-th pod of the op. */
  private podMaker(op: CreatePods, namespace: string): (index: number) => void {
    const { target } = this;
    const waitFor = !op.skipWaitToCompletion;
    const path = op.templatePath ?? this.perfCase.defaultPodTemplatePath;
    const template = path === null ? null : this.template(path);
    const volume =
      op.volumeTemplatePath === null ? null : (this.template(op.volumeTemplatePath).make({}) as PersistentVolume);
    const claim =
      op.claimTemplatePath === null ? null : (this.template(op.claimTemplatePath).make({}) as PersistentVolumeClaim);
    const podAt = (index: number): Pod => template?.make({ ...op.params, Index: index, Count: op.count }) ?? basePod();
    if (volume !== null && claim !== null) {
      return (index) => {
        const made = podWithVolume(podAt(index), volume, claim, namespace, index);
        target.cluster.putObject('PersistentVolume', made.volume);
        target.cluster.putObject('PersistentVolumeClaim', made.claim);
        target.createPod(target.template(made.pod, namespace), made.pod, namespace, waitFor);
      };
    }
    if (template !== null && !template.isStatic) {
      return (index) => {
        const pod = podAt(index);
        target.createPod(target.template(pod, namespace), pod, namespace, waitFor);
      };
    }
    const pod = podAt(0);
    const id = target.template(pod, namespace);
    return () => target.createPod(id, pod, namespace, waitFor);
  }

  private createAtRate(count: number, create: (index: number) => void): void {
    const rate = this.workload.threshold ?? DEFAULT_ARRIVAL_RATE;
    const source = this.workload.threshold === null ? '' : ", the workload's threshold";
    this.note(
      `something goes on in the background: pods arrive at ${rate}/s of simulated time${source}, because decisions ` +
        'take none',
    );
    const startedAt = this.target.kernel.now;
    for (let i = 0; i < count; i++) {
      create(i);
      this.pass(startedAt + Math.round(((i + 1) * MICROS_PER_SECOND) / rate) - this.target.kernel.now);
    }
  }

  private createObject(object: KubernetesObject, namespace: string): string {
    const { target } = this;
    const { kind = '' } = object;
    if (kind === 'Pod') {
      target.addNamespace(namespace);
      target.createPod(target.template(object, namespace), object, namespace, false);
      return '';
    }
    if (namespace !== '') target.addNamespace(namespace);
    const name = target.nameFor(object, `${kind.toLowerCase()}-`);
    if (kind === 'Node') target.addNode({ ...object, metadata: { ...object.metadata, name } });
    else if (kind === 'Namespace') target.addNamespace(name, object);
    else target.cluster.putObject(kind, placedObject(object, name, namespace));
    return name;
  }

  private updateAny(op: UpdateAny): void {
    const interval = op.perSecond === 0 ? 0 : Math.trunc(MICROS_PER_SECOND / op.perSecond);
    const template = this.template(op.templatePath);
    for (let i = 0; i < op.count; i++) {
      if (interval > 0) this.pass(interval);
      this.updateObject(
        template.make({ Index: i, Count: op.count }),
        op.namespace ?? '',
        op.subresources.includes('resize'),
      );
    }
  }

  private updateObject(object: Mapping, namespace: string, resize: boolean): void {
    const { target } = this;
    const { kind = '', metadata }: KubernetesObject = object;
    const name = metadata?.name ?? '';
    if (kind === 'Pod') {
      const known = target.findPod(namespace, name);
      target.updatePod(namespace, resize && known !== null ? resizedPod(known.pod, object) : object);
      return;
    }
    if (kind !== 'Node') {
      target.cluster.putObject(kind, placedObject(object, name, namespace));
      return;
    }
    const row = target.cluster.nodeRow(name);
    if (row < 0)
      throw new InputError({
        ...this.perfCase.placeOf(this.opIndex, 'templatePath'),
        message: `there is no node ${name} to update`,
      });
    target.cluster.updateNode(row, object);
  }

  private churn(op: Churn): void {
    const namespace = op.namespace ?? `namespace-${this.opIndex}`;
    this.target.addNamespace(namespace);
    const objects = op.templatePaths.map((path) => this.churned(this.template(path), namespace));
    if (op.mode === 'create') this.background.churnByCreating(objects, op.number, op.intervalMicros);
    else this.background.churnByRecreating(objects, op.number, op.intervalMicros);
  }

  private churned(template: ObjectTemplate, namespace: string): ChurnedObject {
    const { target } = this;
    const object: KubernetesObject = template.make({});
    const { kind = '' } = object;
    let made = 0;
    return {
      create: () => {
        const name = target.nameFor(object, `churn-${this.opIndex}-${made++}-`);
        const named = placedObject(object, name, namespace);
        this.createObject(named, kind === 'Node' ? '' : namespace);
        return name;
      },
      remove: (name) => {
        if (kind === 'Pod') {
          const pod = target.findPod(namespace, name);
          if (pod !== null) target.deletePod(pod.row);
        } else if (kind === 'Node') target.cluster.removeNode(target.cluster.nodeRow(name));
        else target.cluster.removeObject(kind, keyOf(placedObject(object, name, namespace).metadata?.namespace, name));
      },
    };
  }

  private deletePods(selection: PodSelection, perSecond: number, inBackground: boolean): void {
    const { target } = this;
    const rows = target.podsOf(selection);
    const interval = perSecond === 0 ? 0 : Math.trunc(MICROS_PER_SECOND / perSecond);
    if (inBackground && interval > 0) {
      this.background.deletePods(rows, interval);
      return;
    }
    const incarnations = rows.map((row) => target.cluster.pods.incarnation[row]);
    for (const [i, row] of rows.entries()) {
      if (interval > 0) this.pass(interval);
      if (target.cluster.pods.incarnation[row] === incarnations[i] && target.cluster.pods.phase[row] > 0)
        target.deletePod(row);
    }
    this.settle();
  }

  private barrier(stage: 'Scheduled' | 'Attempted', namespaces: readonly string[], labels: PodSelection['labels']): void {
    // Whatever can be attempted now is, once the instant holds nothing more.
    if (stage === 'Attempted') {
      this.settle();
      return;
    }
    const meant = namespaces.length === 0 ? new Set(this.awaited) : new Set(namespaces);
    this.target.waitForUnscheduled({ namespaces: meant, labels });
    this.waitForScheduling('pods at a barrier');
    for (const namespace of meant) this.awaited.delete(namespace);
  }

  // ---- time ------------------------------------------------------------------------------------------------------

  private waitForScheduling(what: string): void {
    const { target } = this;
    const until = target.kernel.now + TIMEOUT_MICROS;
    while (target.waitedFor > 0) {
      const outcome = target.kernel.run({ until, maxEvents: SLICE_EVENTS });
      this.meter.tick();
      if (outcome === 'paused') continue;
      if (target.waitedFor > 0)
        this.note(
          `${target.waitedFor} ${what} got no node in ${TIMEOUT_MICROS / MICROS_PER_SECOND} simulated seconds: ` +
            'upstream would fail here',
        );
      target.stopWaiting();
    }
    this.settle();
  }

  /** Lets simulated time go by. */
  private pass(micros: Micros): void {
    const { kernel } = this.target;
    const until = kernel.now + Math.max(0, micros);
    // Without any event the clock would stay where it is.
    if (until > kernel.now) kernel.at(until, this.passedEvent);
    while (kernel.run({ until, maxEvents: SLICE_EVENTS }) === 'paused') this.meter.tick();
    this.meter.tick();
  }

  private settle(): void {
    this.pass(0);
  }

  // ---- phases ----------------------------------------------------------------------------------------------------

  private startMeasuring(name: string, selection: PodSelection): void {
    this.target.startMeasuring(selection);
    this.meter.start(name);
  }

  private stopMeasuring(): void {
    this.meter.stop();
    this.target.stopMeasuring();
  }

  private template(path: string): ObjectTemplate {
    return this.templates.get(this.perfCase.file, path);
  }

  private note(text: string): void {
    const note = `op ${this.opIndex}: ${text}`;
    if (!this.notes.includes(note)) this.notes.push(note);
  }
}
