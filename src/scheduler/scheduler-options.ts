/** What a scheduler is given, and what it tells. Types alone. */
import type { Micros } from '../base/time.ts';
import type { DelayedCalls } from '../kernel/kernel.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { Watch } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { BindingCalls, BindingRefusals } from './bindings.ts';
import type { FailedAttempt } from './failed-attempts.ts';
import type { TieBreak } from './framework/algorithm.ts';
import type { Diagnosis } from './framework/diagnosis.ts';
import type { Handle, PluginFactory } from './framework/plugin-api.ts';
import type { ProfileSpec } from './framework/profile.ts';
import type { Room } from './room-looks.ts';

/** The decoded KubeSchedulerConfiguration, as far as the scheduler reads it. */
export interface SchedulerConfigurationView {
  /** The cluster's version. */
  readonly kubernetes: KubernetesVersion;
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  readonly profiles: readonly ProfileSpec[];
}

export interface SchedulerOptions {
  readonly configuration: SchedulerConfigurationView;
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** Simulated time of one scheduling cycle, and from its end until the binding is written. */
  readonly cycleMicros: Micros;
  readonly bindMicros: Micros;
  readonly tieBreak: TieBreak;
  readonly sampling: boolean;
  /** false: cycles run only when scheduleOne() is called. */
  readonly autoRun: boolean;
  /** true: no caches and indexes; the same decisions, slower. */
  readonly plain: boolean;
  /** As AlgorithmOptions. */
  readonly cacheBytes?: number | undefined;
  /** Kernel phase of all scheduler events. */
  readonly phase: number;
  /** Who answers to Bindings; absent: all of them are written. */
  readonly bindingCalls?: BindingCalls | undefined;
  /** Requests on their way to the API server; absent: they take no time. */
  readonly requests?: DelayedCalls | null | undefined;
  /** As BindingOptions. */
  readonly bindingRefusals?: BindingRefusals | undefined;
  /** Of the process, for its random streams; absent: the first. */
  readonly process?: string | undefined;
  /** Whether another process serves pods of this schedulerName; absent: there is no other. */
  readonly isServedElsewhere?: ((schedulerName: string) => boolean) | undefined;
  /** What shows the scheduler the cluster; absent: the cluster itself, which is never late. */
  readonly watch?: Watch | undefined;
  /** As Handle's; absent: claims are bound by somebody else or not at all. */
  readonly bindVolumes?: Handle['bindVolumes'];
}

/** Hooks for explanations, reports and conformance. */
export interface SchedulerListener {
  /** A pod's cycle begins: nothing has been looked at yet. The listener may look at everything and change nothing. */
  deciding?(pod: number): void;
  /**
   * The same for those who do not look, and leave the scheduler its shortcuts: of a cycle that fails as one before it
   * only `attemptFailed` may be told.
   */
  cycleBegins?(pod: number): void;
  /** The verdict of one cycle, at its end. `message` is the PodScheduled condition's text. */
  cycleFailed?(pod: number, message: string, diagnosis: Diagnosis | null): void;
  /** The same moment, for those who can do without words: they cost more than the decision. */
  attemptFailed?(pod: number, attempt: FailedAttempt): void;
  /**
   * The same of the first so many of a list, whose attempts end each `every` micros after the one before, the first
   * `every` from now. Absent: attemptFailed is called for each, at its time.
   */
  attemptsFailed?(pods: Int32Array, count: number, attempt: FailedAttempt, every: Micros): void;
  /** Something else than a failed attempt keeps a pod out of the queue, or from being bound: the text says what. */
  podHeld?(pod: number, why: string): void;
  /** What the nodes had left for a pod that has just failed; told now and then, while the attempt is under way. */
  roomSeen?(template: PodTemplate, room: Room): void;
  cycleSucceeded?(pod: number, node: number): void;
  preempted?(preemptor: number, victim: number): void;
}
