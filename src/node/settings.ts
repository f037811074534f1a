/** `kubelet` of a scenario: how pods start on nodes. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Path } from '../base/source-path.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { CRITICAL_PRIORITY } from '../cluster/scheduling-spec.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Block } from '../scenario/block.ts';
import { duration, durationDistribution, expecting, flag, list, quantity, whole } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellDuration, spellSeconds } from '../scenario/spelling.ts';

export interface KubeletSettings {
  /** Seconds from binding until the kubelet has set up the sandbox. */
  readonly sandboxSeconds: Distribution;
  /** Seconds to create and start one pod's containers. */
  readonly containerStartSeconds: Distribution;
  /** Fixed part of a pull, seconds. */
  readonly pullBaseSeconds: number;
  readonly pullBytesPerSecond: number;
  readonly unpackBytesPerSecond: number;
  /** Size of an image that no list of image sizes names. */
  readonly defaultImageBytes: number;
  /** Known sizes by image name. */
  readonly imageBytes: Readonly<Record<string, number>>;
  /** One pull at a time on a node (upstream's default). */
  readonly serializeImagePulls: boolean;
  /** Groups of pods that a node that shuts down stops, lowest priority first; empty: it stops at once. */
  readonly shutdownGraces: readonly ShutdownGrace[];
}

/** Of KubeletConfiguration shutdownGracePeriodByPodPriority: pods of this priority or more, up to the next group's. */
export interface ShutdownGrace {
  readonly priority: number;
  readonly graceMicros: Micros;
}

const schema = z.strictObject({
  sandbox: durationDistribution(
    'Time from binding until the pod sandbox with its network is set up. Default: lognormal, median 400ms, sigma ' +
      '0.5; a model assumption within the SLO of 5 s at p99 for pod start without pulls',
  ).default({ lognormal: { median: '400ms', sigma: 0.5 } }),
  containerStart: durationDistribution(
    'Time to create and start the containers of a pod. Default: lognormal, median 150ms, sigma 0.5; a model assumption',
  ).default({
    lognormal: { median: '150ms', sigma: 0.5 },
  }),
  pullBase: duration('Fixed part of an image pull: resolving and manifests. Default 300ms; a model assumption').default(
    '300ms',
  ),
  pullBytesPerSecond: quantity('Download rate of one node. Default 125M (1 Gbit/s); a model assumption').default(
    '125M',
  ),
  unpackBytesPerSecond: quantity(
    'Rate at which a downloaded image is unpacked. Default 100M; a model assumption',
  ).default('100M'),
  defaultImageSize: quantity(
    'Size of an image that neither imageSizes nor a node names. Default 250M; a model assumption',
  ).default('250M'),
  imageSizes: z
    .record(z.string(), quantity('Size in bytes'), expecting('expected a mapping of image names to sizes'))
    .default({})
    .describe('Compressed sizes by image name as in container.image'),
  serializeImagePulls: flag('One pull at a time on a node. Default true (KubeletConfiguration v1beta1)').default(true),
  shutdownGracePeriod: duration(
    'Time that a node takes to stop its pods before its machine goes (graceful node shutdown), where it is told ' +
      'in time: failures and steps of kind reclaim with a notice. Default 0s: it is drained instead ' +
      '(KubeletConfiguration v1beta1)',
  ).default('0s'),
  shutdownGracePeriodCriticalPods: duration(
    'The last part of it, which critical pods have (priority of 2000000000 or more). Default 0s',
  ).default('0s'),
  shutdownGracePeriodByPodPriority: list(
    z.strictObject({
      priority: whole('Pods of this priority or more, up to the next one of the list', -2_147_483_648, 2_147_483_647),
      shutdownGracePeriod: duration('Time that these pods have'),
    }),
    'In place of the two: groups of pods, which stop one after the other, the lowest priority first',
  ).default([]),
});

function resolve(kubelet: z.output<typeof schema>, numbers: ScenarioNumbers): KubeletSettings {
  const at = below(null, 'kubelet');
  const sizes = Object.entries(kubelet.imageSizes).map(
    ([image, size]) => [image, numbers.bytes(size, below(below(at, 'imageSizes'), image))] as const,
  );
  return {
    sandboxSeconds: numbers.distribution(kubelet.sandbox, below(at, 'sandbox')),
    containerStartSeconds: numbers.distribution(kubelet.containerStart, below(at, 'containerStart')),
    pullBaseSeconds: numbers.micros(kubelet.pullBase, below(at, 'pullBase')) / MICROS_PER_SECOND,
    pullBytesPerSecond: numbers.bytesAbove0(kubelet.pullBytesPerSecond, below(at, 'pullBytesPerSecond')),
    unpackBytesPerSecond: numbers.bytesAbove0(kubelet.unpackBytesPerSecond, below(at, 'unpackBytesPerSecond')),
    defaultImageBytes: numbers.bytes(kubelet.defaultImageSize, below(at, 'defaultImageSize')),
    imageBytes: Object.fromEntries(sizes),
    serializeImagePulls: kubelet.serializeImagePulls,
    shutdownGraces: resolveShutdown(kubelet, at, numbers),
  };
}

/** Two groups where no list is given: all pods, then the critical ones (pkg/kubelet/nodeshutdown: migrateConfig). */
function resolveShutdown(
  kubelet: z.output<typeof schema>, at: Path, numbers: ScenarioNumbers,
): KubeletSettings['shutdownGraces'] {
  const { shutdownGracePeriodByPodPriority: groups } = kubelet;
  const whole = numbers.micros(kubelet.shutdownGracePeriod, below(at, 'shutdownGracePeriod'));
  const criticalAt = below(at, 'shutdownGracePeriodCriticalPods');
  const critical = numbers.micros(kubelet.shutdownGracePeriodCriticalPods, criticalAt);
  const { findings } = numbers;
  if (critical > whole)
    findings.error(criticalAt, 'expected at most shutdownGracePeriod, of which it is a part, found more');
  const listAt = below(at, 'shutdownGracePeriodByPodPriority');
  if (groups.length === 0)
    return whole === 0
      ? []
      : [{ priority: 0, graceMicros: whole - critical }, { priority: CRITICAL_PRIORITY, graceMicros: critical }];
  if (whole + critical > 0)
    findings.error(listAt, 'expected either this list or shutdownGracePeriod, found both', undefined, 'key');
  if (new Set(groups.map(({ priority }) => priority)).size < groups.length)
    findings.error(listAt, 'expected each priority once');
  return groups
    .map(({ priority, shutdownGracePeriod }, index) => ({
      priority,
      graceMicros: numbers.micros(shutdownGracePeriod, below(below(listAt, index), 'shutdownGracePeriod')),
    }))
    .sort((a, b) => a.priority - b.priority);
}

function spell(kubelet: KubeletSettings): Record<string, unknown> {
  return {
    sandbox: spellSeconds(kubelet.sandboxSeconds),
    containerStart: spellSeconds(kubelet.containerStartSeconds),
    pullBase: spellDuration(kubelet.pullBaseSeconds),
    pullBytesPerSecond: kubelet.pullBytesPerSecond,
    unpackBytesPerSecond: kubelet.unpackBytesPerSecond,
    defaultImageSize: kubelet.defaultImageBytes,
    imageSizes: kubelet.imageBytes,
    serializeImagePulls: kubelet.serializeImagePulls,
    ...(kubelet.shutdownGraces.length === 0
      ? {}
      : {
          shutdownGracePeriodByPodPriority: kubelet.shutdownGraces.map(({ priority, graceMicros }) => ({
            priority, shutdownGracePeriod: formatDuration(graceMicros),
          })),
        }),
  };
}

const field = schema.prefault({}).describe('Pod start on the nodes');

export const kubeletBlock: Block<typeof field, KubeletSettings> = { field, resolve, spell };
