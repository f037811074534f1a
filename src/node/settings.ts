/** `kubelet` of a scenario: how pods start on nodes. */
import { z } from 'zod';
import { below } from '../base/source-path.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Block } from '../scenario/block.ts';
import { duration, durationDistribution, expecting, flag, quantity } from '../scenario/fields.ts';
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
}

const schema = z.strictObject({
  sandbox: durationDistribution(
    'Time from binding until the pod sandbox with its network is set up. Default: lognormal, median 400ms, sigma 0.5; a model assumption within the SLO of 5 s at p99 for pod start without pulls',
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
  };
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
  };
}

const field = schema.prefault({}).describe('Pod start on the nodes');

export const kubeletBlock: Block<typeof field, KubeletSettings> = { field, resolve, spell };
