/**
 * What the programs in a pod's containers do, as the scenario tells it: when one answers, fails, hangs and how it
 * stops. Each pod has a stream of its own, seeded in order of creation by the stream of its workload (as start delays
 * are), so that what happens to one pod never shifts the luck of another. Each run of a container draws the same
 * numbers in the same order, whether they are used or not.
 */
import { MICROS_PER_HOUR, MICROS_PER_SECOND, microsFromSeconds, type Micros } from '../base/time.ts';
import { DEFAULT_MEMORY_BYTES } from '../cluster/pod-template.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { RandomStream } from '../kernel/random.ts';
import { sample } from '../kernel/sampling.ts';
import type { ApplicationModel, ContainerModel, GrowingUse } from '../scenario/application.ts';

/** A container's part in its pod. */
export type ContainerRole = 'init' | 'sidecar' | 'main';

/** One run, from its start. Infinity: never. */
export interface ProgramRun {
  readonly answersAfter: Micros;
  readonly hangsAfter: Micros;
  readonly endsAfter: Micros;
  /** When it ends by itself. */
  readonly exitCode: number;
  readonly uses: ProgramUses;
}

/** What one run of a container takes of its node. null: what it requests; of processes one. */
export interface ProgramUses {
  readonly memory: Use | null;
  readonly storage: Use | null;
  readonly pids: Use | null;
}

/** From the start of a run on, or now: bytes or processes. */
export interface Use {
  readonly amount: number;
  readonly perMicro: number;
}

/** Of a resource that a container may have, in bytes. */
export interface Bounds {
  /** 0: nothing is requested. */
  readonly requestBytes: number;
  /** Infinity: none. */
  readonly limitBytes: number;
}

export interface ContainerBounds {
  readonly memory: Bounds;
  readonly storage: Bounds;
}

/** Containers that the application does not name, and what a named one leaves out. */
export interface ProgramModel {
  readonly startupSeconds: Distribution | null;
  readonly initSeconds: Distribution | null;
  readonly failure: ContainerModel['failure'];
  readonly hang: ContainerModel['hang'];
  readonly stopSeconds: Distribution | null;
  readonly preStopSeconds: Distribution | null;
  readonly memory: ContainerModel['memory'];
  readonly storage: ContainerModel['storage'];
  readonly pids: ContainerModel['pids'];
}

/** What a container writes where it requests no ephemeral-storage: shares are of this. */
const DEFAULT_STORAGE_BYTES = 1024 * 1024 * 1024;

/** From SIGTERM until the end of a program, where nothing is said of it. */
const USUAL_STOP_MICROS: Micros = MICROS_PER_SECOND;

/** Init containers share how long they run with the whole application, and nothing else. */
export function programModel({ model, containers }: ApplicationModel, name: string, role: ContainerRole): ProgramModel {
  const own = Object.hasOwn(containers, name) ? containers[name] : null;
  const shared = role === 'init' ? { ...NOTHING, initSeconds: model.initSeconds } : model;
  if (own === null) return shared;
  return {
    startupSeconds: own.startupSeconds ?? shared.startupSeconds,
    initSeconds: own.initSeconds ?? shared.initSeconds,
    failure: own.failure ?? shared.failure,
    hang: own.hang ?? shared.hang,
    stopSeconds: own.stopSeconds ?? shared.stopSeconds,
    preStopSeconds: own.preStopSeconds ?? shared.preStopSeconds,
    memory: own.memory ?? shared.memory,
    storage: own.storage ?? shared.storage,
    pids: own.pids ?? shared.pids,
  };
}

const NOTHING: ProgramModel = {
  startupSeconds: null, initSeconds: null, failure: null, hang: null, stopSeconds: null, preStopSeconds: null,
  memory: null, storage: null, pids: null,
};

/** `workMicros`: when its work is done, Infinity: it serves for ever. */
export function drawRun(
  model: ProgramModel, role: ContainerRole, bounds: ContainerBounds, workMicros: Micros, stream: RandomStream,
): ProgramRun {
  const { failure, hang } = model;
  const answersAfter = drawMicros(model.startupSeconds, 0, stream);
  const work = role === 'init' ? drawMicros(model.initSeconds, 0, stream) : role === 'main' ? workMicros : Infinity;
  const failsAfter = failure === null ? Infinity : drawChance(failure, stream);
  const hangsAfter = hang === null ? Infinity : drawChance(hang, stream);
  const uses = drawUses(model, bounds, stream);
  const fails = failsAfter < work && failsAfter <= hangsAfter;
  // A program that hangs neither fails nor gets its work done.
  const endsAfter = fails ? failsAfter : work <= hangsAfter ? work : Infinity;
  const killedAfter = uses.memory === null ? Infinity : outOfMemoryAfter(uses.memory, bounds.memory);
  if (killedAfter < endsAfter) return { answersAfter, hangsAfter, endsAfter: killedAfter, exitCode: KILLED, uses };
  return { answersAfter, hangsAfter, endsAfter, exitCode: fails && failure !== null ? failure.exitCode : 0, uses };
}

/** Exit code of a container that SIGKILL has ended. */
export const KILLED = 137;

function drawUses({ memory, storage, pids }: ProgramModel, bounds: ContainerBounds, stream: RandomStream): ProgramUses {
  const drawn = (use: GrowingUse | null, whole: number): Use | null => {
    if (use === null) return null;
    const amount = sample(use.use, stream) * whole;
    return { amount, perMicro: (sample(use.growthPerHour, stream) * whole) / MICROS_PER_HOUR };
  };
  return {
    memory: drawn(memory, bounds.memory.requestBytes || DEFAULT_MEMORY_BYTES),
    storage: drawn(storage, bounds.storage.requestBytes || DEFAULT_STORAGE_BYTES),
    pids: drawn(pids, 1),
  };
}

/** When its use reaches the limit of its cgroup; a program needs a second at least to fill its memory. */
function outOfMemoryAfter({ amount, perMicro }: Use, { limitBytes }: Bounds): Micros {
  if (amount >= limitBytes) return MICROS_PER_SECOND;
  const after = (limitBytes - amount) / perMicro;
  return after < Infinity ? Math.max(Math.ceil(after), MICROS_PER_SECOND) : Infinity;
}

export interface Grace {
  readonly micros: Micros;
  /** What the program has after its hook in any case. */
  readonly leastMicros: Micros;
}

/** A pod without any grace period is not even asked to end. */
export function graceOf(podMicros: Micros, spentMicros: Micros = 0): Grace {
  return {
    micros: Math.max(0, podMicros - spentMicros),
    leastMicros: podMicros === 0 ? 0 : LEAST_GRACE_MICROS,
  };
}

/** From the wish to stop it until it has ended, within the grace period, and whether it had to be killed. */
export function drawStop(
  model: ProgramModel, sleepMicros: Micros | null, grace: Grace, hangs: boolean, stream: RandomStream,
): { readonly micros: Micros; readonly isKilled: boolean } {
  const hook = Math.min(sleepMicros ?? drawMicros(model.preStopSeconds, 0, stream), grace.micros);
  const stop = drawMicros(model.stopSeconds, USUAL_STOP_MICROS, stream);
  const left = Math.max(grace.micros - hook, grace.leastMicros);
  const isKilled = hangs || stop > left;
  return { micros: hook + (isKilled ? left : stop), isKilled };
}

/** pkg/kubelet/kuberuntime/kuberuntime_container.go, minimumGracePeriodInSeconds (v1.36). */
const LEAST_GRACE_MICROS: Micros = 2 * MICROS_PER_SECOND;

function drawMicros(distribution: Distribution | null, otherwise: Micros, stream: RandomStream): Micros {
  return distribution === null ? otherwise : Math.max(0, microsFromSeconds(sample(distribution, stream)));
}

function drawChance(
  { afterSeconds, probability }: NonNullable<ContainerModel['hang']>, stream: RandomStream,
): Micros {
  const isHit = stream.next() < probability;
  const after = drawMicros(afterSeconds, 0, stream);
  return isHit ? after : Infinity;
}
