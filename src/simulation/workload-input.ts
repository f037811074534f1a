/**
 * The workloads and the trace of a scenario as input of the kernel: arrivals become owners and pods. Templates are
 * interned once per workload and shape, or per distinct trace row; after that an arrival costs its pods.
 *
 * Deployments and Jobs become objects `<workload>-<arrival>` that stand in the table of workloads alone; their
 * controllers make the pods. A Deployment lives for its lifetime and is then deleted, with its pods wherever they
 * stand. A Job's pods end on their own; it is gone when they have. Bare pods are called `<workload>-<n>`.
 */
import { unreachable } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { APPLICATION_ANNOTATION } from '../cluster/scheduling-spec.ts';
import type { Container, Pod, PodSpec, ResourceList, WorkloadSpec } from '../cluster/objects.ts';
import { withDaemonTolerations } from '../controllers/daemon-nodes.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import type { CreationGate } from '../controllers/owned-pods.ts';
import type { WorkloadControllers } from '../controllers/workload-controllers.ts';
import type { InputSource } from '../kernel/kernel.ts';
import type { WorkloadSource } from '../workload/generators/workload-source.ts';
import type { TraceSource } from '../workload/traces/trace-source.ts';
import { splitName, type PodAdmission } from '../control-plane/pod-admission.ts';
import { deploymentSeed, jobSeed } from './generated-objects.ts';
import type { ArrivalKind } from './generated-objects.ts';
import type { ApplicationModel } from '../scenario/application.ts';
import type { Scenario } from './scenario.ts';
import type { TracePod } from '../workload/traces/trace-pod.ts';
import type { Workload } from '../workload/settings.ts';

/** Where arrivals go. */
export interface ArrivalTargets {
  readonly cluster: Cluster;
  readonly admission: PodAdmission;
  readonly controllers: WorkloadControllers;
  readonly gate: CreationGate;
}

/** Register with `kernel.addInput(2, input)`. */
export class WorkloadInput implements InputSource {
  private readonly workloads: readonly Workload[];
  private readonly source: WorkloadSource;
  private readonly targets: ArrivalTargets;
  /** By workload index, then shape index + 1. */
  private readonly kinds: ArrivalKind[][];

  constructor(workloads: readonly Workload[], source: WorkloadSource, targets: ArrivalTargets) {
    this.workloads = workloads;
    this.source = source;
    this.targets = targets;
    this.kinds = workloads.map(() => []);
    for (const { name, class: own } of workloads) {
      targets.cluster.names.intern(name);
      targets.cluster.classes.intern(own);
    }
  }

  nextTime(): Micros {
    return this.source.peekTime();
  }

  deliver(): void {
    const { source } = this;
    if (!source.advance()) return;
    const index = source.workloadIndex;
    const workload = this.workloads[index];
    const kind = this.kind(index, source.shapeIndex);
    switch (workload.kind) {
      case 'Deployment':
        return this.deploy(workload, kind);
      case 'Job':
        return this.startJob(workload, kind);
      case 'Pod':
        return this.createPods(kind);
      case 'DaemonSet':
        return this.addDaemonSet(kind);
      default:
        return unreachable(workload.kind);
    }
  }

  private deploy({ name }: Workload, kind: ArrivalKind): void {
    const { source, targets } = this;
    const { cluster, controllers } = targets;
    const own = `${name}-${source.arrivalIndex}`;
    const row = cluster.workloadWriter.create(deploymentSeed(own, source.replicas, -1, kind));
    controllers.deleteAt(row, cluster.now + source.lifetimeMicros);
  }

  /** Pods of one Job run for different times, unless it has one only. */
  private startJob({ name }: Workload, kind: ArrivalKind): void {
    const { source, targets } = this;
    const { replicas, podLifetimesMicros } = source;
    const { cluster, controllers } = targets;
    const own = `${name}-${source.arrivalIndex}`;
    const podMicros = replicas === 1 ? podLifetimesMicros[0] : Infinity;
    const row = cluster.workloadWriter.create(jobSeed(own, replicas, cluster.names.intern(own), podMicros, kind));
    if (replicas > 1) controllers.workItems.add(row, podLifetimesMicros.slice(0, replicas));
  }

  private addDaemonSet({ template, nameBase, workloadClass }: ArrivalKind): void {
    const { cluster, controllers } = this.targets;
    const row = cluster.workloadWriter.stand({
      kind: WorkloadKind.DaemonSet,
      template, workloadClass, nameBase,
      wanted: -1,
      object: null,
      key: '',
      parent: -1,
      podMicros: Infinity,
      details: null,
    });
    controllers.daemonSets.arrive(row);
  }

  private createPods({ template, nameBase, workloadClass }: ArrivalKind): void {
    const { source, targets } = this;
    const { cluster, gate } = targets;
    for (let i = 0; i < source.replicas; i++) {
      if (gate.isRefused(template)) continue;
      // Members in the order of the seeds that controllers make.
      cluster.createPod({
        template, nameBase,
        nameOrdinal: cluster.workloads.takeOrdinal(nameBase),
        owner: -1,
        workloadClass,
        durationMicros: source.podLifetimesMicros[i],
        pinnedNode: -1,
        item: -1,
        tracked: false,
        indexFailures: 0,
        ignoredFailures: 0,
      });
    }
  }

  private kind(index: number, shape: number): ArrivalKind {
    const known = this.kinds[index][shape + 1];
    if (known !== undefined) return known;
    const workload = this.workloads[index];
    const requests = shape < 0 ? null : workload.shapes[shape].requests;
    const pod = podOfWorkload(workload, requests);
    const { namespace = 'default', ...podMeta } = pod.metadata ?? {};
    return (this.kinds[index][shape + 1] = {
      namespace, podMeta,
      podSpec: pod.spec ?? {},
      template: this.targets.admission.template(pod),
      nameBase: this.targets.cluster.names.intern(workload.name),
      workloadClass: this.targets.cluster.classes.intern(workload.class),
      jobSpecs: new Map<number, WorkloadSpec>(),
    });
  }
}

/**
 * The pod that a workload's template and a drawn shape make. `requests`: the shape's, null: as the template has them.
 */
export function podOfWorkload(workload: Workload, requests: ResourceList | null): Pod {
  const { template, kind } = workload;
  let spec: PodSpec = template.spec ?? {};
  if (workload.priorityClassName !== null) spec = { ...spec, priorityClassName: workload.priorityClassName };
  if (requests !== null)
    spec = {
      ...spec,
      containers: (spec.containers ?? []).map((container, index) =>
        withRequests(container, index === 0 ? requests : null),
      ),
    };
  if (kind === 'DaemonSet') spec = withDaemonTolerations(spec);
  if (kind === 'Job' && spec.restartPolicy !== 'OnFailure') spec = { ...spec, restartPolicy: 'Never' };
  const metadata = { ...template.metadata, namespace: workload.namespace };
  if (workload.application === null) return { metadata, spec };
  const annotations = { ...metadata.annotations, [APPLICATION_ANNOTATION]: applicationName(workload) };
  return { metadata: { ...metadata, annotations }, spec };
}

/** Of the application that a workload brings along; no other can be called so. */
export function applicationName({ name }: Workload): string {
  return `workloads/${name}`;
}

/** Whether a run needs LivingPods. */
export function tellsOfApplications({
  applications,
  workloads,
}: Pick<Scenario, 'applications' | 'workloads'>): boolean {
  return applications.length > 0 || workloads.some(({ application }) => application !== null);
}

/** All that a scenario says of what runs in pods, by name. */
export function applicationsOf(scenario: Pick<Scenario, 'applications' | 'workloads'>): Map<string, ApplicationModel> {
  const found = new Map<string, ApplicationModel>(scenario.applications.map((one) => [one.name, one]));
  for (const workload of scenario.workloads)
    if (workload.application !== null) found.set(applicationName(workload), workload.application);
  return found;
}

/**
 * The first container has the whole shape and the others nothing, so the pod requests what was drawn. Limits give way.
 */
function withRequests({ resources: _resources, ...container }: Container, requests: ResourceList | null): Container {
  return requests === null ? container : { ...container, resources: { requests } };
}

/** Register with `kernel.addInput(2, input)`. Pods of a trace have no owner: lost ones are not replaced. */
export class TraceInput implements InputSource {
  private readonly source: TraceSource;
  private readonly targets: ArrivalTargets;
  private readonly templates = new Map<string, number>();
  /** Readers share the objects of like rows: parts seen before are known by identity, or else by text. */
  private readonly partByObject = new Map<object, number>();
  private readonly partByText = new Map<string, number>();

  constructor(source: TraceSource, targets: ArrivalTargets) {
    this.source = source;
    this.targets = targets;
  }

  nextTime(): Micros {
    return this.source.peekTime();
  }

  deliver(): void {
    if (!this.source.advance() || this.source.pod === null) return;
    const { pod } = this.source;
    const { cluster } = this.targets;
    const template = this.template(pod);
    if (this.targets.gate.isRefused(template)) return;
    const { base, ordinal } = splitName(pod.name, cluster);
    cluster.createPod({
      template,
      nameBase: base,
      nameOrdinal: ordinal,
      owner: -1,
      workloadClass: cluster.classes.intern(pod.class),
      durationMicros: pod.durationMicros ?? Infinity,
      pinnedNode: -1,
    });
  }

  private template(pod: TracePod): number {
    if (pod.spec !== undefined) return this.templateOfSpec(pod, pod.spec);
    const parts = `${this.part(pod.requests)} ${this.part(pod.labels)} ${this.part(pod.nodeSelector)} ${this.part(pod.nodeAffinityAnyOf)}`;
    const key = `${parts} ${pod.priority} ${pod.namespace}`;
    const known = this.templates.get(key);
    if (known !== undefined) return known;
    const template = this.targets.admission.template(podOfTrace(pod), true);
    this.templates.set(key, template);
    return template;
  }

  private templateOfSpec(pod: TracePod, spec: PodSpec): number {
    const key = `spec ${this.part(spec)} ${this.part(pod.labels)} ${pod.priority} ${pod.namespace}`;
    const known = this.templates.get(key);
    if (known !== undefined) return known;
    const own: Pod = {
      metadata: { namespace: pod.namespace, labels: pod.labels },
      spec: { ...spec, priority: pod.priority },
    };
    const template = this.targets.admission.template(own, true);
    this.templates.set(key, template);
    return template;
  }

  private part(object: object): number {
    const known = this.partByObject.get(object);
    if (known !== undefined) return known;
    const text = JSON.stringify(object);
    const id = this.partByText.get(text) ?? this.partByText.size;
    this.partByText.set(text, id);
    if (this.partByObject.size >= KNOWN_PARTS) this.partByObject.clear();
    this.partByObject.set(object, id);
    return id;
  }
}

/** Objects known by identity; beyond that the memory is emptied. */
const KNOWN_PARTS = 10_000;

/** A trace row as a pod of one container. */
export function podOfTrace(pod: TracePod): Pod {
  const expressions = pod.nodeAffinityAnyOf.map(({ key, values }) => ({ key, operator: 'In', values }));
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: expressions }] },
  };
  return {
    metadata: { namespace: pod.namespace, labels: pod.labels },
    spec: {
      priority: pod.priority,
      nodeSelector: pod.nodeSelector,
      ...(expressions.length === 0 ? {} : { affinity: { nodeAffinity } }),
      containers: [{ name: 'main', resources: { requests: pod.requests } }],
    },
  };
}
