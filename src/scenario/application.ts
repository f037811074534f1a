/** What runs in containers: the words in which a workload and `applications` say it. */
import { z } from 'zod';
import type { Path } from '../base/source-path.ts';
import { below } from '../base/source-path.ts';
import type { Distribution } from '../kernel/distribution.ts';
import {
  countDistribution, durationDistribution, expecting, mapping, name, number, quantity, text, whole,
} from './fields.ts';
import type { ScenarioNumbers } from './numbers.ts';
import { spellNumber, spellSeconds } from './spelling.ts';

/** What a program in a container does that no manifest tells. null: nothing is said of it. */
export interface ContainerModel {
  /** Seconds from its start until it answers its probes. */
  readonly startupSeconds: Distribution | null;
  /** Run time of an init container. */
  readonly initSeconds: Distribution | null;
  /** Each run ends by itself so long after its start, with this probability. */
  readonly failure: {
    readonly afterSeconds: Distribution;
    readonly probability: number;
    readonly exitCode: number;
  } | null;
  /** Each run stops answering, and ignores SIGTERM, so long after its start, with this probability. */
  readonly hang: { readonly afterSeconds: Distribution; readonly probability: number } | null;
  /** Seconds from SIGTERM until it has ended. */
  readonly stopSeconds: Distribution | null;
  /** Seconds that its preStop hook takes, where that is not a sleep. */
  readonly preStopSeconds: Distribution | null;
  /** Memory in use from the start on, and what comes to it in an hour: shares of its request. */
  readonly memory: GrowingUse | null;
  /** What it writes to its own file system, logs and emptyDirs, likewise in shares of its request. */
  readonly storage: (GrowingUse & { readonly fileBytes: number }) | null;
  /** Processes, and how many more there are after an hour. */
  readonly pids: GrowingUse | null;
}

/** What a container uses from its start on, and what comes to it in an hour. */
export interface GrowingUse {
  readonly use: Distribution;
  readonly growthPerHour: Distribution;
}

/** What runs in the containers of a pod; `containers`: those of these names, where they differ. */
export interface ApplicationModel {
  readonly model: ContainerModel;
  readonly containers: Readonly<Record<string, ContainerModel>>;
}

/** What runs in pods of manifests and traces. */
export interface Application extends ApplicationModel {
  readonly name: string;
  /** Of the pods; '': any. */
  readonly namespace: string;
  /** Label selector as for kubectl; '': only pods whose annotation names the application. */
  readonly selector: string;
}

const chance = number('Share of the runs of a container that meet it. Default 1', 0, 1).default(1);

const programFields = {
  startup: durationDistribution(
    'Time from the start of a container until it answers its probes. Without a readiness probe a pod is ready at ' +
      'once, as upstream. Default 0s',
  ).optional(),
  init: durationDistribution('Run time of each init container. Default 0s').optional(),
  failure: mapping(
    {
      after: durationDistribution('Run time of a container until it ends by itself'),
      probability: chance,
      exitCode: whole('Exit code; 0: it has finished. Default 1', 0, 255).default(1),
    },
    'Containers end by themselves and are started again as the restart policy says. Default: never',
  ).optional(),
  hang: mapping(
    { after: durationDistribution('Run time of a container until it hangs'), probability: chance },
    'Containers stop answering probes and ignore SIGTERM; a liveness probe finds them. Default: never',
  ).optional(),
  stop: durationDistribution(
    'Time from SIGTERM until a container has ended; it is killed at the end of its grace period. Default 1s',
  ).optional(),
  preStop: durationDistribution(
    'Time that preStop hooks take which run a command or ask a server; hooks that sleep say it themselves. Default 0s',
  ).optional(),
  memory: mapping(
    {
      use: countDistribution(
        'Memory in use, as a share of what the container requests (of 200Mi where it requests none). Default 1',
      ).default(1),
      growthPerHour: countDistribution('What comes to it in an hour, as such a share: a leak. Default 0').default(0),
    },
    'Memory that containers use. At its limit a container is killed (OOMKilled, exit code 137); a node with less ' +
      'than 100Mi left evicts pods. Default: what they request, and nobody looks',
  ).optional(),
  storage: mapping(
    {
      use: countDistribution(
        'Written from the start on, as a share of the ephemeral-storage that the container requests (of 1Gi where it ' +
          'requests none). Default 1',
      ).default(1),
      growthPerHour: countDistribution('What comes to it in an hour, as such a share: logs. Default 0').default(0),
      fileSize: quantity('Of each file: one inode. Default 1Mi; a model assumption').default('1Mi'),
    },
    'What containers write to their own file system, to logs and to emptyDirs. A pod beyond its limit of ' +
      'ephemeral-storage is evicted; so are pods of a node whose disk is full. Default: what they request',
  ).optional(),
  pids: mapping(
    {
      use: countDistribution('Processes from the start on. Default 1').default(1),
      growthPerHour: countDistribution('How many more there are after an hour. Default 0').default(0),
    },
    'Processes and threads of containers: a node with too few left (kubelet.evictionHard pid.available) evicts pods. ' +
      'Default: one a container, and nobody looks',
  ).optional(),
};

export const applicationFields = {
  ...programFields,
  containers: z
    .record(
      z.string(),
      mapping(programFields, 'What differs for the container of this name'),
      expecting('expected a mapping of container names to what differs for them'),
    )
    .default({})
    .describe(
      'By name of a container, init container or sidecar: what differs for it. What stands beside holds for all ' +
        'containers and sidecars, of init containers `init` alone',
    ),
};

export const applicationSchema = z.strictObject({
  name: name('Name of the application; unique. Pods may name it in their annotation podyard.dev/application'),
  namespace: text('Namespace of the pods. Default: any').default(''),
  selector: text(
    'Label selector as for kubectl: pods of manifests, dumps and traces that it runs in. Default: those whose ' +
      'annotation names it',
  ).default(''),
  ...applicationFields,
});

export type ApplicationInput = z.output<typeof applicationSchema>;
export type ModelInput = Omit<ApplicationInput, 'name' | 'namespace' | 'selector'>;

export function resolveApplication(application: ApplicationInput, path: Path, numbers: ScenarioNumbers): Application {
  const { name, namespace, selector } = application;
  return { name, namespace, selector, ...resolveModel(application, path, numbers) };
}

export function resolveModel(input: ModelInput, path: Path, numbers: ScenarioNumbers): ApplicationModel {
  const at = below(path, 'containers');
  const containers = Object.entries(input.containers).map(
    ([name, own]) => [name, resolveProgram(own, below(at, name), numbers)] as const,
  );
  return { model: resolveProgram(input, path, numbers), containers: Object.fromEntries(containers) };
}

function resolveProgram(
  input: Omit<ModelInput, 'containers'>, path: Path, numbers: ScenarioNumbers,
): ContainerModel {
  const seconds = (key: 'startup' | 'init' | 'stop' | 'preStop'): Distribution | null => {
    const given = input[key];
    return given === undefined ? null : numbers.distribution(given, below(path, key));
  };
  const growing = (key: 'memory' | 'storage' | 'pids'): GrowingUse | null => {
    const given = input[key];
    if (given === undefined) return null;
    const at = below(path, key);
    return {
      use: numbers.distribution(given.use, below(at, 'use')),
      growthPerHour: numbers.distribution(given.growthPerHour, below(at, 'growthPerHour')),
    };
  };
  const { failure, hang } = input;
  return {
    startupSeconds: seconds('startup'),
    initSeconds: seconds('init'),
    failure:
      failure === undefined
        ? null
        : {
            afterSeconds: numbers.distribution(failure.after, below(below(path, 'failure'), 'after')),
            probability: failure.probability,
            exitCode: failure.exitCode,
          },
    hang:
      hang === undefined
        ? null
        : {
            afterSeconds: numbers.distribution(hang.after, below(below(path, 'hang'), 'after')),
            probability: hang.probability,
          },
    stopSeconds: seconds('stop'),
    preStopSeconds: seconds('preStop'),
    memory: growing('memory'),
    storage: resolveStorage(input.storage, growing('storage'), below(path, 'storage'), numbers),
    pids: growing('pids'),
  };
}

function resolveStorage(
  input: ModelInput['storage'], use: GrowingUse | null, at: Path, numbers: ScenarioNumbers,
): ContainerModel['storage'] {
  if (input === undefined || use === null) return null;
  return { ...use, fileBytes: numbers.bytesAbove0(input.fileSize, below(at, 'fileSize'), 'size') };
}

export function spellApplication({ model, containers }: ApplicationModel): Record<string, unknown> {
  const named = Object.entries(containers).map(([name, own]) => [name, spellProgram(own)] as const);
  return { ...spellProgram(model), ...(named.length === 0 ? {} : { containers: Object.fromEntries(named) }) };
}

function spellProgram(program: ContainerModel): Record<string, unknown> {
  const { failure, hang, memory, storage, pids } = program;
  const spelled = {
    startup: program.startupSeconds,
    init: program.initSeconds,
    stop: program.stopSeconds,
    preStop: program.preStopSeconds,
  };
  const times: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(spelled)) if (given !== null) times[key] = spellSeconds(given);
  const ending = ({ afterSeconds, probability }: NonNullable<ContainerModel['hang']>): Record<string, unknown> => (
    { after: spellSeconds(afterSeconds), probability }
  );
  return {
    ...times,
    ...(failure === null ? {} : { failure: { ...ending(failure), exitCode: failure.exitCode } }),
    ...(hang === null ? {} : { hang: ending(hang) }),
    ...(memory === null ? {} : { memory: spellUse(memory) }),
    ...(storage === null ? {} : { storage: { ...spellUse(storage), fileSize: storage.fileBytes } }),
    ...(pids === null ? {} : { pids: spellUse(pids) }),
  };
}

function spellUse({ use, growthPerHour }: GrowingUse): Record<string, unknown> {
  return { use: spellNumber(use), growthPerHour: spellNumber(growthPerHour) };
}
