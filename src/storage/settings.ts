/** `storage` of a scenario: how long volumes take. */
import { z } from 'zod';
import { below } from '../base/source-path.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import type { VolumeMounts } from '../cluster/volume-mounts.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Block } from '../scenario/block.ts';
import { durationDistribution } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';

/** How long volumes take, each time drawn anew. */
export interface StorageSettings {
  readonly attachSeconds: Distribution;
  readonly detachSeconds: Distribution;
  /** All volumes of a pod together. */
  readonly mountSeconds: Distribution;
}

/** Makes the part that attaches; loaded only where the scenario says how long volumes take. */
export type MakeVolumes = (
  kernel: Kernel, cluster: Cluster, settings: StorageSettings, phase: number, troubles: NodeTroubles | null,
) => VolumeMounts;

const schema = z.strictObject({
  attach: durationDistribution(
    'Time to attach a volume to a node. Default: lognormal, median 5s, sigma 0.5; a model assumption (clouds take ' +
      '2 to 15 s)',
  ).default({ lognormal: { median: '5s', sigma: 0.5 } }),
  detach: durationDistribution('Time to detach it. Default: lognormal, median 5s, sigma 0.5; likewise').default({
    lognormal: { median: '5s', sigma: 0.5 },
  }),
  mount: durationDistribution(
    'Time to mount the volumes of a pod once they are attached. Default: lognormal, median 600ms, sigma 0.5; a ' +
      'model assumption',
  ).default({ lognormal: { median: '600ms', sigma: 0.5 } }),
});

function resolve(storage: z.output<typeof schema> | undefined, numbers: ScenarioNumbers): StorageSettings | null {
  if (storage === undefined) return null;
  const at = below(null, 'storage');
  return {
    attachSeconds: numbers.distribution(storage.attach, below(at, 'attach')),
    detachSeconds: numbers.distribution(storage.detach, below(at, 'detach')),
    mountSeconds: numbers.distribution(storage.mount, below(at, 'mount')),
  };
}

function spell(storage: StorageSettings | null): Record<string, unknown> | undefined {
  if (storage === null) return undefined;
  const { attachSeconds, detachSeconds, mountSeconds } = storage;
  return {
    attach: spellSeconds(attachSeconds), detach: spellSeconds(detachSeconds), mount: spellSeconds(mountSeconds),
  };
}

const field = schema.describe(
  'Volumes are attached, mounted and detached, which takes time. Default: they are where they are needed',
).optional();

export const storageBlock: Block<typeof field, StorageSettings | null> = { field, resolve, spell };
