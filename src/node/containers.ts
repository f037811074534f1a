/**
 * Containers of pods whose application is known: what is the same for all pods of a template, and the state of each
 * pod's own. A pod costs a record of a few hundred bytes and one more for each container.
 */
import { assert } from '../base/assert.ts';
import { unitsFromText } from '../base/quantity.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { LivingContainer, ResourceRequirements } from '../cluster/objects.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { ApplicationModel } from '../scenario/application.ts';
import { programModel } from './application-runs.ts';
import type { Bounds, ContainerBounds, ContainerRole, ProgramModel, ProgramUses } from './application-runs.ts';
import { NO_CRASHES } from './crash-loop.ts';
import type { CrashLoop } from './crash-loop.ts';
import type { ContainerEnd } from './pod-lives.ts';
import { containerProbes } from './probes.ts';
import type { ContainerProbes } from './probes.ts';

export interface ContainerFacts {
  readonly role: ContainerRole;
  readonly program: ProgramModel;
  readonly probes: ContainerProbes;
  readonly restartPolicy: string;
  /** Of a preStop hook that sleeps; null: it does something else, or there is none (which takes no time). */
  readonly sleepMicros: Micros | null;
  readonly bounds: ContainerBounds;
}

/** What is the same for all pods of a template. */
export interface PodFacts {
  readonly initCount: number;
  /** Init containers first. */
  readonly containers: readonly ContainerFacts[];
}

/** One container of one pod. Times are Infinity where nothing is due. */
export interface Container {
  readonly facts: ContainerFacts;
  state: 'waiting' | 'running' | 'ended';
  /** When a waiting one starts. */
  startAt: Micros;
  runningSince: Micros;
  startedAt: Micros;
  readyAt: Micros;
  unreadyAt: Micros;
  endsAt: Micros;
  exitCode: number;
  hangsAt: Micros;
  hasRun: boolean;
  /** Of the current run. */
  uses: ProgramUses;
  /** Bytes on disk that its last run has left behind: one dead container is kept. */
  deadBytes: number;
  crashes: CrashLoop;
  restarts: number;
  /** How its last run ended; null: none has. */
  last: ContainerEnd | null;
}

export interface LivingPod {
  readonly facts: PodFacts;
  readonly stream: RandomStream;
  readonly containers: readonly Container[];
  /** When the kubelet saw the pod: its probes count from then. */
  watchedFrom: Micros;
  /** Init containers that are done or, sidecars, started. */
  initDone: number;
  areMainsStarted: boolean;
  /** All its work is done: sidecars stop, and it ends then. */
  endsAt: Micros;
  /** When its next change is due. */
  nextAt: Micros;
}

export function podFacts(
  { life, spec, restartPolicy }: PodTemplate, applications: ReadonlyMap<string, ApplicationModel>,
): PodFacts {
  assert(life !== null, 'a template without an application has no life');
  const application = applications.get(life.application);
  assert(application !== undefined, `no application ${life.application}`);
  const sidecars = (spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always').map(({ name }) => name);
  const ownPolicy = new Map((spec.containers ?? []).map((one) => [one.name, one.restartPolicy]));
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const resources = new Map(all.map((one) => [one.name, one.resources]));
  const compiled = (container: LivingContainer, role: ContainerRole): ContainerFacts => {
    const hook = container.lifecycle?.preStop;
    const seconds = hook?.sleep?.seconds;
    return {
      role,
      program: programModel(application, container.name ?? '', role),
      probes: containerProbes(container),
      restartPolicy: (role === 'main' ? ownPolicy.get(container.name) : undefined) ?? restartPolicy,
      bounds: boundsOf(resources.get(container.name)),
      sleepMicros: seconds !== undefined ? seconds * MICROS_PER_SECOND : hook === undefined ? 0 : null,
    };
  };
  const inits = life.initContainers.map((one) => compiled(one, sidecars.includes(one.name) ? 'sidecar' : 'init'));
  return { initCount: inits.length, containers: [...inits, ...life.containers.map((one) => compiled(one, 'main'))] };
}

function boundsOf({ requests, limits }: ResourceRequirements = {}): ContainerBounds {
  const bounds = (resource: string): Bounds => {
    const [request, limit] = [requests?.[resource], limits?.[resource]];
    return {
      requestBytes: request === undefined ? 0 : unitsFromText(request),
      limitBytes: limit === undefined ? Infinity : unitsFromText(limit),
    };
  };
  return { memory: bounds('memory'), storage: bounds('ephemeral-storage') };
}

const NO_USES: ProgramUses = { memory: null, storage: null, pids: null };

export function newLife(facts: PodFacts, stream: RandomStream, now: Micros): LivingPod {
  const containers = facts.containers.map((of): Container => ({
    facts: of,
    state: 'waiting',
    startAt: Infinity,
    runningSince: Infinity,
    startedAt: Infinity,
    readyAt: Infinity,
    unreadyAt: Infinity,
    endsAt: Infinity,
    exitCode: 0,
    hangsAt: Infinity,
    hasRun: false,
    uses: NO_USES,
    deadBytes: 0,
    crashes: NO_CRASHES,
    restarts: 0,
    last: null,
  }));
  return {
    facts, stream, containers, watchedFrom: now,
    initDone: 0, areMainsStarted: false, endsAt: Infinity, nextAt: Infinity,
  };
}

/** Not running; what it ended with is kept. */
export function lieDown(container: Container, state: 'waiting' | 'ended'): void {
  container.state = state;
  container.startAt = container.startedAt = container.readyAt = container.unreadyAt = container.endsAt = Infinity;
  container.hangsAt = Infinity;
  if (state === 'waiting') container.hasRun = false;
}

/** Of the main containers and the sidecars. */
export function areReady(containers: readonly Container[], now: Micros): boolean {
  for (const { facts, state, readyAt, unreadyAt } of containers) {
    if (facts.role === 'init') continue;
    if (state !== 'running' || readyAt > now || unreadyAt <= now) return false;
  }
  return true;
}
