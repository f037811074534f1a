/**
 * The scheduler of random clusters whose fast and plain runs are compared, and a kubelet that does nothing but end what
 * is terminating.
 */
import type { Cluster } from '../../src/cluster/cluster.ts';
import { PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { inOrder } from '../../src/control-plane/late-cluster.ts';
import { LateWatch, bindingRefusal } from '../../src/control-plane/late-watch.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';

export interface ChurnSchedulerOptions {
  readonly plain: boolean;
  readonly configuration: unknown;
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** From the order to delete a pod until it is gone. */
  readonly reapMicros: number;
  readonly cacheBytes?: number | undefined;
  readonly cycleMicros?: number | undefined;
  /** Of a scheduler beside the first one. */
  readonly process?: string | undefined;
  /** How late the scheduler sees each change; absent: it is on time. */
  readonly delay?: (() => number) | undefined;
}

/** With the messages of its failed cycles, in order, pod by pod. */
export function churnScheduler(
  kernel: Kernel, cluster: Cluster, options: ChurnSchedulerOptions,
): { readonly scheduler: Scheduler; readonly messages: readonly string[] } {
  const { plain, configuration, registry, reapMicros, cacheBytes, cycleMicros = 1000, process, delay } = options;
  const late = delay === undefined
    ? {}
    : {
        watch: new LateWatch(kernel, cluster, {
          name: `${process ?? ''}.late`, phase: 5, showsAfter: inOrder(kernel, delay),
        }),
        bindingRefusals: (pod: number) => bindingRefusal(cluster, pod),
      };
  const scheduler = new Scheduler(kernel, cluster, {
    configuration: decodeSchedulerConfiguration(configuration, { registry, kubernetes: cluster.kubernetes }),
    registry,
    cycleMicros,
    bindMicros: 2500,
    tieBreak: 'upstream',
    sampling: true,
    autoRun: true,
    plain,
    cacheBytes,
    phase: 5,
    process,
    ...late,
  });
  const messages: string[] = [];
  scheduler.listeners.push({ attemptFailed: (pod, { message }) => void messages.push(`${pod} ${message}`) });
  reapTerminating(kernel, cluster, reapMicros);
  return { scheduler, messages };
}

/** Stands in for kubelets: a pod is gone so long after the order to delete it. */
export function reapTerminating(kernel: Kernel, cluster: Cluster, micros: number): void {
  const reap = kernel.defineEvent('reap', 3, (pod, incarnation) => {
    if ((cluster.pods.incarnation[pod] | 0) === incarnation && cluster.pods.phase[pod] !== PodPhase.Free) cluster.removePod(pod, PodOutcome.Evicted);
  });
  cluster.observe({ podTerminating: (pod) => kernel.after(micros, reap, pod, cluster.pods.incarnation[pod] | 0) });
}
