/**
 * A run: builds the world from a resolved scenario, plays it in slices, hands over the result. The only place that
 * knows all parts. Parts are wired in a fixed order, which is the order of their notices: metrics, scheduler, kubelet,
 * controllers, failures, autoscaler.
 */
import { assert } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import type { NodeAutoscaler } from '../autoscaling/node-autoscaler.ts';
import { checkCluster } from '../cluster/check.ts';
import { Cluster, PodPhase } from '../cluster/cluster.ts';
import { withNodeDefaults } from '../cluster/node-defaults.ts';
import { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import type { Node, Pod } from '../cluster/objects.ts';
import { ApiRequests } from '../controllers/owned-pods.ts';
import { knownZones } from '../controllers/zoned-time.ts';
import { WorkloadControllers } from '../controllers/workload-controllers.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { InputSource } from '../kernel/kernel.ts';
import type { Operations } from '../operations/operations.ts';
import { checkAccounting } from '../metrics/accounting.ts';
import { MetricsCollector } from '../metrics/collector.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { Kubelet } from '../node/kubelet.ts';
import type { MakePressure } from '../node/node-pressure.ts';
import type { HoldBack, MakeReports, StatusReports, TellsAfter } from '../node/status-reports.ts';
import type { ContainerLook, KubeletHost, MakePodLives, PodLives } from '../node/pod-lives.ts';
export type { ContainerLook };
import type { MakeVolumes } from '../storage/settings.ts';
import type { VolumeMounts } from '../cluster/volume-mounts.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { DecodeConfigurationOptions } from '../scheduler/config/scheduler-configuration.ts';
import { remarksOn, unsteadyNotes } from '../scheduler/framework/guarded-plugin.ts';
import type { Plugin, PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import type { Scheduler, SchedulerListener } from '../scheduler/scheduler.ts';
import { VolumeController } from '../storage/volume-controller.ts';
import { WorkloadSource } from '../workload/generators/workload-source.ts';
import { TraceSource } from '../workload/traces/trace-source.ts';
import type { MachineList } from '../workload/traces/machines/machine-list.ts';
import type { TraceReader } from '../workload/traces/trace-reader.ts';
import { assembleAutoscaler } from './autoscaler-assembly.ts';
import { FAULT_PHASES, assembleFaults, hasIllnesses, watchedResources } from './fault-assembly.ts';
import { EndOfRun, InstantWatch, LOOK_EVENTS } from './end-of-run.ts';
import type { EndParts } from './end-of-run.ts';
import { foreignSchedulerWarnings } from './foreign-schedulers.ts';
import type { MakeIllnesses, NodeIllnesses } from './illness-assembly.ts';
import { delayedRequests, kubeletWatches, lateClusterOf } from '../control-plane/late-cluster.ts';
import type { LateCluster } from '../control-plane/late-cluster.ts';
import { ManifestInput } from './manifest-input.ts';
import { makeControllers, nodeAutoscalerOf } from './parts.ts';
import type { Controller } from './parts.ts';
import { PodAdmission } from '../control-plane/pod-admission.ts';
import { PodGate } from '../control-plane/pod-gate.ts';
import { QuotaLedger } from '../control-plane/quota-ledger.ts';
import { poolNode, poolOf } from './pool-nodes.ts';
import type { MachineInput, TraceInput } from '../workload/trace-settings.ts';
import type { Scenario } from './scenario.ts';
import { resultScenario } from './scenario-spelling.ts';
import { SchedulingConflicts, assembleSchedulers, autoscalersTwin, schedulingCounters } from './scheduler-assembly.ts';
import type { SchedulerParts } from './scheduler-assembly.ts';
import { TraceInput as TraceArrivals, WorkloadInput } from './workload-input.ts';
import { applicationsOf } from './workload-input.ts';
import type { ArrivalTargets } from './workload-input.ts';

/** Kernel phases (docs/architecture.md). */
export const Phase = { Fault: 0, Infrastructure: 1, Input: 2, Node: 3, Controller: 4, Scheduler: 5, Autoscaler: 6, Observe: 7 } as const;

/** The running parts, for one who watches the run from the side. */
export interface SimulatedWorld {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  /** The first, where there are several. */
  readonly scheduler: Scheduler;
  /** All of them. */
  readonly schedulers: readonly Scheduler[];
  readonly budgets: DisruptionBudgets;
  /** null: the scenario has no steps. */
  readonly operations: Operations | null;
  /** Ends the run after the current event. */
  readonly finish: () => void;
}

export interface SimulationOptions {
  /** Podyard's version, for the result. */
  readonly version: string;
  readonly userPlugins: readonly PluginFactory[];
  /** Opens the scenario's trace; null when it has none. */
  readonly openTrace: ((trace: TraceInput, seed: string) => TraceReader) | null;
  /** Reads the scenario's machine list; needed when it has one. */
  readonly readMachines?: (machines: MachineInput) => MachineList;
  /** LivingPods of node/living-pods.ts; needed when something is said of what runs in pods. */
  readonly makeLives?: MakePodLives;
  /** nodeIllnesses of simulation/illness-assembly.ts; needed when nodes fail otherwise than by their machines. */
  readonly makeIllnesses?: MakeIllnesses;
  /** nodePressure of node/node-pressure.ts; needed when something is said of what pods use, or of disks. */
  readonly makePressure?: MakePressure;
  /** AttachDetach of storage/attach-detach.ts; needed when volumes take time. */
  readonly makeVolumes?: MakeVolumes;
  /** statusReports of node/status-reports.ts; needed when what kubelets say takes time. */
  readonly makeReports?: MakeReports;
  /** Called before the first node joins: observers may be added, and events of their own. */
  readonly watch?: (world: SimulatedWorld) => void;
  /** true: no caches in the scheduler; the same run, slower. */
  readonly plain: boolean;
  /** File, line and column of a value of the scheduler's configuration. */
  readonly locate?: DecodeConfigurationOptions['locate'];
}

export interface Progress {
  readonly simulatedMicros: number;
  /** null: until the work is done. */
  readonly horizonMicros: number | null;
  readonly events: number;
  readonly decisions: number;
  readonly podsPending: number;
  readonly podsArrived: number;
}

/** Pods of the pod table when metrics.pods is `auto`. */
const POD_TABLE_LIMIT = 200_000;
/** How often a run without a horizon looks whether the work is done. */
const END_CHECK_MICROS = 60_000_000;

/** Of a run, for those who look on. */
export interface LookedParts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  /** The first of `schedulers`. */
  readonly scheduler: Scheduler;
  readonly schedulers: readonly Scheduler[];
}

export class Simulation {
  readonly warnings: readonly string[];
  private readonly scenario: Scenario;
  private readonly options: SimulationOptions;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly schedulers: readonly Scheduler[];
  private readonly kubelet: Kubelet;
  private readonly metrics: MetricsCollector;
  private readonly autoscaler: NodeAutoscaler | null;
  private readonly controllers: WorkloadControllers;
  /** What parts see that are not on time. */
  private readonly lateClusters: LateCluster[] = [];
  private readonly gate: PodGate;
  private readonly conflicts = new SchedulingConflicts();
  private readonly inputs: InputSource[] = [];
  private readonly traceSource: TraceSource | null;
  private machineNotes: readonly string[] = [];
  private nextCheckAt = Infinity;
  private done = false;
  private readonly instants: InstantWatch;

  /**
   * Throws InputError for what only the assembly can see: the scheduler's configuration, the first row of the trace.
   */
  constructor(scenario: Scenario, options: SimulationOptions) {
    this.scenario = scenario;
    this.options = options;
    const registry = pluginRegistry(options.userPlugins);
    const source = { registry, kubernetes: scenario.kubernetes, locate: options.locate };
    const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, source);
    const profileNames = configuration.profiles.map(({ schedulerName }) => schedulerName);
    this.kernel = new Kernel({ seed: scenario.seed });
    this.instants = new InstantWatch(this.kernel);
    this.cluster = new Cluster(this.kernel, scenario.kubernetes);
    const { kernel, cluster } = this;
    const costPerHourByPool = new Map(scenario.nodePools.map((pool) => [pool.name, pool.costPerHour]));
    const counters = schedulingCounters(() => this.schedulers, () => this.cluster, configuration);
    this.metrics = new MetricsCollector(kernel, cluster, scenario.metrics, counters, { costPerHourByPool, podTableLimit: POD_TABLE_LIMIT, phase: Phase.Observe });
    const volumes = new VolumeController(kernel, cluster, Phase.Controller);
    const schedulerParts: SchedulerParts = {
      kernel,
      cluster,
      configuration,
      registry,
      plain: options.plain,
      phase: Phase.Scheduler,
      conflicts: this.conflicts,
      bindVolumes: (plan, node) => volumes.bindVolumes(plan, node),
    };
    const schedulers = (this.schedulers = assembleSchedulers(scenario, schedulerParts));
    const foreign = foreignSchedulerWarnings(scenario, profileNames);
    this.warnings = [...configuration.warnings, ...foreign, ...remarksOn(this.plugins())];
    for (const scheduler of schedulers) scheduler.listeners.push(tellingOf(this.metrics, cluster));
    const quotas = new QuotaLedger(kernel, cluster, Phase.Controller);
    const gate = (this.gate = new PodGate(cluster, quotas));
    const illnesses = this.makeIllnesses();
    this.kubelet = this.makeKubelet(illnesses, volumes);
    const admission = new PodAdmission(cluster, scenario, scenario.applications);
    const zones = knownZones(scenario.timeZones);
    const admit = (pod: Pod, like = -1): number => (like < 0 ? admission.template(pod) : admission.variant(pod, like));
    const { watchDelaySeconds: delays, requestLatencySeconds: latencies } = scenario.controlPlane;
    // Whose requests take time sees what there was, if only in the same instant.
    const delay = delays.controllers ?? (latencies.controllers === null ? null : NO_TIME);
    const late = lateClusterOf(kernel, cluster, 'controllers', delay, Phase.Controller);
    if (late !== null) this.lateClusters.push(late);
    const seen = late?.view ?? cluster;
    const calls = delayedRequests(kernel, 'controllers', latencies.controllers, Phase.Controller);
    const requests = new ApiRequests(cluster, seen, late, calls);
    this.controllers = new WorkloadControllers(kernel, seen, admit, Phase.Controller, gate, zones, requests);
    cluster.observe(quotas);
    quotas.hushPods();
    const budgets = new DisruptionBudgets(cluster);
    const nodeControllers = this.nodeControllers(seen, requests, budgets, illnesses?.troubles ?? null);
    const { crashes, operations } = assembleFaults(scenario, {
      kernel, cluster, budgets, illnesses, metrics: this.metrics,
    });
    this.autoscaler = this.makeAutoscaler(budgets, schedulerParts);
    options.watch?.({ ...this.parts, budgets, operations, finish: () => this.finish() });
    this.addNodes();
    const targets = { cluster, admission, controllers: this.controllers, gate };
    this.traceSource = traceSourceOf(scenario, options);
    this.addInputs(targets);
    if (operations !== null) this.addInput(operations);
    if (scenario.durationMicros === null) this.watchForTheEnd({ nodeControllers, crashes, operations });
    if (scenario.metrics.checkEveryEvents > 0) this.nextCheckAt = scenario.metrics.checkEveryEvents;
  }

  private makeAutoscaler(budgets: DisruptionBudgets, schedulerParts: SchedulerParts): NodeAutoscaler | null {
    const { scenario, kernel, cluster, schedulers, metrics } = this;
    const { autoscaler, late } = assembleAutoscaler(scenario, nodeAutoscalerOf(scenario), {
      kernel,
      cluster,
      schedulers,
      makeTwin: (view) => autoscalersTwin(schedulers, scenario, schedulerParts, view),
      daemons: this.controllers.daemonSets,
      budgets,
      metrics,
      loopPhase: Phase.Autoscaler,
      machinePhase: Phase.Infrastructure,
      watchPhase: Phase.Scheduler,
    });
    if (late !== null) this.lateClusters.push(late);
    return autoscaler;
  }

  /** Those that look after nodes and after pods of whatever owner. `seen`: what they see. */
  private nodeControllers(
    seen: Cluster, requests: ApiRequests, budgets: DisruptionBudgets, troubles: NodeTroubles | null,
  ): readonly Controller[] {
    const known = requests.late === null ? budgets : new DisruptionBudgets(seen);
    const parts = { kernel: this.kernel, cluster: seen, requests, budgets: known, troubles, phase: Phase.Controller };
    return makeControllers(this.scenario, parts);
  }

  private makeKubelet(illnesses: NodeIllnesses | null, volumes: VolumeController): Kubelet {
    const { kernel, cluster, scenario } = this;
    const { watchDelaySeconds, requestLatencySeconds } = scenario.controlPlane;
    const { troubles, cuts } = illnesses ?? { troubles: null, cuts: null };
    const tellsAfter = kubeletWatches(kernel, cluster, requestLatencySeconds.kubelets, 'request-latency');
    const parts = {
      troubles,
      cuts,
      volumes: this.makeVolumes(troubles, volumes),
      hearsAfter: kubeletWatches(kernel, cluster, watchDelaySeconds.kubelets),
      makeReports: this.reportsMaker(tellsAfter),
    };
    const kubelet = new Kubelet(kernel, cluster, scenario.kubelet, this.livesMaker(), parts);
    illnesses?.shutDownBy(kubelet, scenario.kubelet.shutdownGraces);
    this.watchResources(kubelet, troubles);
    kubelet.admittance.onRefused = (_pod, refusal) => { this.conflicts.podRefused(refusal); };
    return kubelet;
  }

  private watchResources(kubelet: Kubelet, troubles: NodeTroubles | null): void {
    const { kernel, cluster, scenario } = this;
    const watched = watchedResources(scenario);
    if (watched === null) return;
    const { makePressure } = this.options;
    assert(makePressure !== undefined, 'nodes that can run out of something need the maker of their monitor');
    makePressure(kernel, cluster, scenario.kubelet.pressure, watched, kubelet, troubles);
  }

  /** Plays up to so many events, without a number all of them; true while there is more to do. */
  advance(maxEvents = Number.MAX_SAFE_INTEGER): boolean {
    if (this.done) return false;
    const { kernel } = this;
    let left = maxEvents;
    while (left > 0) {
      const slice = Math.min(left, this.nextCheckAt - kernel.eventCount, LOOK_EVENTS);
      const before = kernel.eventCount;
      const outcome = kernel.run({ until: this.scenario.durationMicros ?? Infinity, maxEvents: slice });
      left -= kernel.eventCount - before;
      if (kernel.eventCount >= this.nextCheckAt) this.check();
      if (outcome !== 'paused' || this.done) {
        this.done = true;
        return false;
      }
      this.instants.look(this.cluster.totals);
    }
    return true;
  }

  /** For those who look on; they may write nothing. */
  get parts(): LookedParts {
    const { kernel, cluster, schedulers } = this;
    return { kernel, cluster, scheduler: schedulers[0], schedulers };
  }

  /** What a kubelet knows of the containers of a pod; null: nothing. */
  containersOf(pod: number): readonly ContainerLook[] | null {
    return this.kubelet.containersOf(pod);
  }

  progress(): Progress {
    return {
      simulatedMicros: this.kernel.now,
      horizonMicros: this.scenario.durationMicros,
      events: this.kernel.eventCount,
      decisions: this.schedulers.reduce((sum, { decisions }) => sum + decisions, 0),
      podsPending: this.cluster.totals.podsPending,
      podsArrived: this.cluster.pods.createdCount,
    };
  }

  /** The result up to now; to be called once. */
  result(complete: boolean): RunResult {
    const { scenario } = this;
    const result = this.metrics.result(
      {
        scenario: scenario.name,
        description: scenario.description,
        seed: scenario.seed,
        version: this.options.version,
        kubernetes: scenario.kubernetes,
        complete: complete && this.done,
        resolvedScenario: resultScenario(scenario),
        notes: this.notes(),
        notSimulated: scenario.notSimulated,
        refusedPods: this.gate.refusals().map(({ firstAtMicros, ...refused }) => (
          { ...refused, firstAtSeconds: firstAtMicros / MICROS_PER_SECOND }
        )),
        conflicts: this.conflicts.facts(),
      },
      {
        scaleUpEvents: this.autoscaler?.scaleUpEvents ?? 0,
        scaleDownEvents: this.autoscaler?.scaleDownEvents ?? 0,
        nodesAdded: this.autoscaler?.nodesAdded ?? 0,
        nodesRemoved: this.autoscaler?.nodesRemoved ?? 0,
      },
    );
    if (scenario.metrics.checkEveryEvents > 0) {
      this.checkState();
      checkAccounting(result);
    }
    return result;
  }

  private addNodes(): void {
    const { nodes, nodePools } = this.scenario;
    for (const node of nodes) this.cluster.addNode(withNodeDefaults(node), poolOf(node, nodePools));
    for (const node of this.machineNodes()) this.cluster.addNode(withNodeDefaults(node));
    for (const pool of nodePools)
      for (let ordinal = 0; ordinal < pool.count; ordinal++) this.cluster.addNode(poolNode(pool, ordinal), pool.name);
  }

  private machineNodes(): readonly Node[] {
    const { machines, nodes, nodePools } = this.scenario;
    if (machines === null) return [];
    assert(this.options.readMachines !== undefined, 'a scenario with a machine list needs its reader');
    const list = this.options.readMachines(machines);
    this.machineNotes = list.notes;
    const names = new Set(nodes.map((node) => node.metadata?.name));
    for (const { name, count } of nodePools)
      for (let ordinal = 0; ordinal < count; ordinal++) names.add(`${name}-${String(ordinal)}`);
    const twice = list.nodes.find((node) => names.has(node.metadata?.name));
    if (twice !== undefined) {
      const message = `the cluster has a node ${twice.metadata?.name ?? ''} already`;
      throw new InputError({ file: machines.file, message });
    }
    return list.nodes;
  }

  private addInputs(targets: ArrivalTargets): void {
    const { scenario } = this;
    const source = new WorkloadSource(scenario.workloads, this.kernel.random, scenario.durationMicros);
    const neighbours = scenario.workloads.map(({ template }) => template.spec ?? {});
    this.addInput(new ManifestInput(scenario.objects, targets, neighbours));
    this.addInput(new WorkloadInput(scenario.workloads, source, targets));
    if (this.traceSource !== null) this.addInput(new TraceArrivals(this.traceSource, targets));
  }

  private addInput(input: InputSource): void {
    this.inputs.push(input);
    this.kernel.addInput(Phase.Input, input);
  }

  private finish(): void {
    this.done = true;
    this.kernel.stop();
  }

  private checkState(): void {
    checkCluster(this.cluster);
    for (const late of this.lateClusters) late.check();
    this.controllers.check();
    this.kubelet.check();
  }

  private makeVolumes(troubles: NodeTroubles | null, volumes: VolumeController): VolumeMounts | null {
    const { storage } = this.scenario;
    if (storage === null) return null;
    const { makeVolumes } = this.options;
    assert(makeVolumes !== undefined, 'a scenario whose volumes take time needs the maker of their controller');
    return makeVolumes(this.kernel, this.cluster, storage, Phase.Controller, troubles, volumes);
  }

  private reportsMaker(tellsAfter: TellsAfter | null): ((holdBack: HoldBack) => StatusReports) | null {
    if (tellsAfter === null) return null;
    const { makeReports } = this.options;
    assert(makeReports !== undefined, 'a scenario whose kubelets are heard late needs the maker of their reports');
    return (holdBack) => makeReports(this.kernel, this.cluster, tellsAfter, holdBack);
  }

  private makeIllnesses(): NodeIllnesses | null {
    if (!hasIllnesses(this.scenario)) return null;
    const { makeIllnesses } = this.options;
    assert(makeIllnesses !== undefined, 'a scenario with illnesses of nodes needs their maker');
    return makeIllnesses(this.kernel, this.cluster, FAULT_PHASES);
  }

  /** null: nobody says what runs in any pod. */
  private livesMaker(): ((host: KubeletHost) => PodLives) | null {
    const { scenario, kernel, cluster } = this;
    const applications = applicationsOf(scenario);
    if (applications.size === 0) return null;
    const { makeLives } = this.options;
    assert(makeLives !== undefined, 'a scenario that tells what runs in pods needs the maker of their lives');
    return (host) => makeLives(kernel, cluster, applications, host);
  }

  private check(): void {
    this.checkState();
    this.nextCheckAt += this.scenario.metrics.checkEveryEvents;
  }

  /** A run without a horizon ends when nothing can change any more. */
  private watchForTheEnd(parts: Pick<EndParts, 'nodeControllers' | 'crashes' | 'operations'>): void {
    const { kernel, inputs, schedulers, autoscaler, controllers, kubelet } = this;
    const end = new EndOfRun(this.cluster, { inputs, schedulers, autoscaler, controllers, kubelet, ...parts });
    const look = kernel.defineEvent('simulation.endCheck', Phase.Observe, () => {
      if (end.isOver()) this.finish();
      else kernel.after(END_CHECK_MICROS, look);
    });
    kernel.after(END_CHECK_MICROS, look);
  }

  /** What plugins cost that do not say what their answers depend on. */
  private undeclaredPlugins(): readonly string[] {
    const plugins = this.plugins();
    const isUndeclared = (name: string): boolean => plugins.some((plugin) => plugin.name === name && plugin.dependence === undefined);
    const asked = this.schedulers
      .flatMap(({ algorithm }) => [...algorithm.askedNodeByNode])
      .filter(([name]) => isUndeclared(name));
    return asked.map(([name, times]) => `Plugin ${name} does not declare what its answers depend on: it was asked ${String(times)} times, node by node.`);
  }

  private plugins(): readonly Plugin[] {
    return this.schedulers.flatMap(({ profiles }) => [...profiles.values()].flatMap((profile) => profile.plugins));
  }

  private notes(): readonly string[] {
    const ignored = Object.entries(this.scenario.ignoredKinds).map(([kind, count]) => `${count} × ${kind}`);
    const fields = this.scenario.notSimulated.map(({ kind, field, count }) => `${count} × ${kind} ${field}`);
    return [
      ...unsteadyNotes(this.plugins()),
      ...this.warnings,
      ...this.machineNotes,
      ...(this.traceSource?.notes() ?? []),
      ...this.undeclaredPlugins(),
      ...this.conflicts.notes(),
      ...this.gate
        .refusals()
        .map(
          ({ kind, namespace, name, count, message }) =>
            `Not created: ${kind} ${namespace}/${name} has refused ${String(count)} requests for pods, the first with "${message}".`,
        ),
      ...(fields.length === 0
        ? []
        : [
            `Fields in manifests that are not simulated: ${fields.join(', ')}; "podyard validate" says what happens instead.`,
          ]),
      ...(ignored.length === 0 ? [] : [`Kinds in manifests that are not simulated: ${ignored.join(', ')}.`]),
    ];
  }
}

/** What the report says of pods that wait; a late scheduler may still try one that is gone. */
function tellingOf(metrics: MetricsCollector, { pods }: Cluster): SchedulerListener {
  return {
    attemptFailed: (pod, attempt) => {
      if (pods.phase[pod] === PodPhase.Pending) metrics.attemptFailed(pod, attempt);
    },
    attemptsFailed: (rows, count, attempt, every) => metrics.attemptsFailed(rows, count, attempt, every),
    podHeld: (pod, why) => {
      if (pods.phase[pod] === PodPhase.Pending) metrics.podHeld(pod, why);
    },
    roomSeen: (template, room) => metrics.roomSeen(template.id, room),
  };
}

function traceSourceOf({ trace, seed }: Scenario, { openTrace }: SimulationOptions): TraceSource | null {
  return trace === null || openTrace === null ? null : new TraceSource(openTrace(trace, seed));
}

/** A watch that shows everything in its instant. */
const NO_TIME: Distribution = { kind: 'fixed', value: 0, atLeast: null, atMost: null };
