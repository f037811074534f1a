/**
 * Text stories of one pod's containers: a pod spec and what runs in it on the left, what happened below. The kubelet
 * needs half a second for a sandbox and half a second to start containers; nothing else takes time.
 */
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { Cluster, EvictionCause } from '../../src/cluster/cluster.ts';
import type { PodSpec } from '../../src/cluster/objects.ts';
import { POD_OUTCOME_NAMES } from '../../src/cluster/pod-table.ts';
import { APPLICATION_ANNOTATION } from '../../src/cluster/scheduling-spec.ts';
import type { LivingContainer } from '../../src/cluster/objects.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Kubelet } from '../../src/node/kubelet.ts';
import { livingPods } from '../../src/node/living-pods.ts';
import type { ApplicationModel, ContainerModel } from '../../src/scenario/application.ts';
import { KUBELET, fixed } from './node-life.ts';

export interface ContainerStory {
  readonly pod: Omit<PodSpec, 'containers' | 'initContainers'> & {
    readonly containers?: readonly LivingContainer[];
    readonly initContainers?: readonly (LivingContainer & { readonly restartPolicy?: string })[];
  };
  readonly application?: Partial<ContainerModel>;
  readonly containers?: Readonly<Record<string, Partial<ContainerModel>>>;
  /** Seconds of work; none: it serves for ever. */
  readonly workSeconds?: number;
  readonly untilSeconds: number;
  /** Seconds of the run at which something else happens. */
  readonly at?: Readonly<Record<number, 'delete' | 'crash' | 'repair'>>;
}

const NOTHING: ContainerModel = {
  startupSeconds: null, initSeconds: null, failure: null, hang: null, stopSeconds: null, preStopSeconds: null,
  memory: null, storage: null, pids: null,
};

export function modelOf(model: Partial<ContainerModel> = {}): ContainerModel {
  return { ...NOTHING, ...model };
}

export function failureAfter(seconds: number, exitCode = 1, probability = 1): NonNullable<ContainerModel['failure']> {
  return { afterSeconds: fixed(seconds), probability, exitCode };
}

export function hangAfter(seconds: number): NonNullable<ContainerModel['hang']> {
  return { afterSeconds: fixed(seconds), probability: 1 };
}

/** What happened to the pod, a line each with its second. */
export function containerStory(story: ContainerStory): string {
  const kernel = new Kernel({ seed: 'containers' });
  const cluster = new Cluster(kernel);
  const application: ApplicationModel = {
    model: modelOf(story.application),
    containers: Object.fromEntries(Object.entries(story.containers ?? {}).map(([name, own]) => [name, modelOf(own)])),
  };
  const kubelet = new Kubelet(kernel, cluster, KUBELET, (host) =>
    livingPods(kernel, cluster, new Map([['app', application]]), host),
  );
  const log: string[] = [];
  const say = (text: string): void =>
    void log.push(`${(kernel.now / MICROS_PER_SECOND).toFixed(1).padStart(7)}  ${text}`);
  const readiness = (pod: number): string => (cluster.pods.isReady(pod) ? 'ready' : 'not ready');
  cluster.observe({
    podStarted: (pod) => { say(`running, ${readiness(pod)}`); },
    podReadyChanged: (pod) => { say(readiness(pod)); },
    podContainerFailed: (_pod, exitCode) => { say(`container exited with ${exitCode}`); },
    podContainerRestarted: (pod) => { say(`restart ${cluster.pods.history(pod).restarts}`); },
    podInterrupted: () => { say('interrupted'); },
    podTerminating: () => { say('terminating'); },
    podRemoved: (_pod, _node, _phase, outcome) => { say(`gone: ${POD_OUTCOME_NAMES[outcome]}`); },
  });
  const allocatable = { cpu: '4', memory: '8Gi', pods: '10' };
  const node = cluster.addNode({ metadata: { name: 'a' }, status: { allocatable } });
  const spec = { containers: [{ name: 'main' }], ...story.pod } as PodSpec;
  const pod = applyPodDefaults({ metadata: { annotations: { [APPLICATION_ANNOTATION]: 'app' } }, spec });
  const row = cluster.createPod({
    template: cluster.internTemplate(pod).id, nameBase: cluster.names.intern('pod'), nameOrdinal: -1, owner: -1,
    workloadClass: cluster.classes.intern('test'), pinnedNode: -1,
    durationMicros: (story.workSeconds ?? Infinity) * MICROS_PER_SECOND,
  });
  const happen = kernel.defineEvent('happen', 0, (which) => {
    if (which === 0) cluster.terminatePod(row, EvictionCause.None);
    else cluster.setNodeHealth(node, which === 2);
  });
  for (const [seconds, what] of Object.entries(story.at ?? {}))
    kernel.at(Number(seconds) * MICROS_PER_SECOND, happen, ['delete', 'crash', 'repair'].indexOf(what));
  cluster.bindPod(row, node);
  for (let second = 0; second <= story.untilSeconds; second++) {
    kernel.run({ until: second * MICROS_PER_SECOND });
    checkCluster(cluster);
    kubelet.check();
  }
  return `\n${log.join('\n')}\n`;
}
