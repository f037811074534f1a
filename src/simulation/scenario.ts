/**
 * The resolved scenario: every default applied, every file read, nothing optional. `scenario-reader.ts` makes it from
 * YAML; `assembly.ts` builds a simulation from it; it is written into every result. Units: micros for simulated time,
 * Kubernetes quantities (text) for resources, plain seconds inside distributions.
 */
import type { Micros } from '../base/time.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { KubernetesObject, Node } from '../cluster/objects.ts';
import type { AdmissionSettings } from '../control-plane/pod-admission.ts';
import type { ZoneRules } from '../controllers/zoned-time.ts';
import type { NotSimulated } from '../metrics/run-result.ts';
import type { Threshold } from '../metrics/thresholds.ts';
import type { Application } from '../scenario/application.ts';
import type { SchedulerProcess, SchedulerSettings } from '../scheduler/settings.ts';
import type { Workload } from '../workload/settings.ts';
import type { MachineInput, TraceInput } from '../workload/trace-settings.ts';
import type { NodePool } from './pool-settings.ts';
import type { BlockSettings } from './parts.ts';

export interface Scenario extends BlockSettings {
  readonly name: string;
  readonly description: string;
  /** Root of every random stream; any text. */
  readonly seed: string;
  /** Whose scheduler and controllers the cluster has. */
  readonly kubernetes: KubernetesVersion;
  /** Horizon of the run. null: until all work is done and no pod that waits can ever get a node. */
  readonly durationMicros: Micros | null;
  readonly nodePools: readonly NodePool[];
  /** Node objects from manifests or traces, in file order. */
  readonly nodes: readonly Node[];
  /** Every other manifest object that is simulated, in file order. */
  readonly objects: readonly KubernetesObject[];
  /** Rules of the time zones that CronJobs name, UTC left out. */
  readonly timeZones: Readonly<Record<string, ZoneRules>>;
  /** Kinds found in manifests that are not simulated, with how many. */
  readonly ignoredKinds: Readonly<Record<string, number>>;
  /** Fields of simulated kinds that change nothing here, with how many objects use them. */
  readonly notSimulated: readonly NotSimulated[];
  /** PriorityClass name to value, for workloads that name one; the two built-in classes included. */
  readonly priorityClasses: AdmissionSettings['priorityClasses'];
  readonly workloads: readonly Workload[];
  /** What runs in pods; the first that a pod's labels match, unless its annotation names one. */
  readonly applications: readonly Application[];
  readonly trace: TraceInput | null;
  /** A machine list whose nodes join the cluster. */
  readonly machines: MachineInput | null;
  readonly scheduler: SchedulerSettings;
  /** Beside the first. */
  readonly schedulers: readonly SchedulerProcess[];
  /** Conditions on the numbers of the run; they change nothing in it. */
  readonly thresholds: readonly Threshold[];
  /** By the path that a file is opened with: how a scenario in the folder of this one, and results, would name it. */
  readonly fileNames: Readonly<Record<string, string>>;
  /** Files and folders that all `nodes` and `objects` came from, by such names; null: some did not come from files. */
  readonly manifestFiles: { readonly nodes: readonly string[]; readonly manifests: readonly string[] } | null;
}
