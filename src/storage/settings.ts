/** `storage` of a scenario: how long volumes take. */
import { z } from 'zod';
import { below } from '../base/source-path.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import type { VolumeMounts } from '../cluster/volume-mounts.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Block } from '../scenario/block.ts';
import { durationDistribution, number } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';
import type { VolumeController } from './volume-controller.ts';

/** What a storage driver does. */
export type StorageCall = 'provision' | 'attach' | 'detach' | 'mount';

/** How long volumes take, each time drawn anew. */
export interface StorageSettings {
  readonly provisionSeconds: Distribution;
  readonly attachSeconds: Distribution;
  readonly detachSeconds: Distribution;
  /** All volumes of a pod together. */
  readonly mountSeconds: Distribution;
  /** Probability that a call fails, at its end. */
  readonly failures: Readonly<Record<StorageCall, number>>;
}

/** Makes the part that attaches; loaded only where the scenario says how long volumes take. */
export type MakeVolumes = (
  kernel: Kernel, cluster: Cluster, settings: StorageSettings, phase: number, troubles: NodeTroubles | null,
  volumes: VolumeController,
) => VolumeMounts;

const chance = (call: string, then: string): z.ZodDefault<z.ZodNumber> =>
  number(`Probability that a call to ${call} fails, after its time; ${then}. Default 0`, 0, 1).default(0);

const RETRIED = 'it is tried again after 500ms, then twice as long each time up to 2m2s';
const failures = z.strictObject({
  provision: chance('make a volume', 'it is tried again after 1s, then twice as long each time up to 5m'),
  attach: chance('attach a volume', RETRIED),
  detach: chance('detach it', RETRIED),
  mount: chance('mount the volumes of a pod', RETRIED),
});

const schema = z.strictObject({
  provision: durationDistribution(
    'Time to make a volume for a claim. Default: lognormal, median 4s, sigma 0.5; a model assumption (clouds take 2 ' +
      'to 10 s)',
  ).default({ lognormal: { median: '4s', sigma: 0.5 } }),
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
  failures: failures.describe('How often drivers fail. Default: never').prefault({}),
});

function resolve(storage: z.output<typeof schema> | undefined, numbers: ScenarioNumbers): StorageSettings | null {
  if (storage === undefined) return null;
  const at = below(null, 'storage');
  return {
    provisionSeconds: numbers.distribution(storage.provision, below(at, 'provision')),
    attachSeconds: numbers.distribution(storage.attach, below(at, 'attach')),
    detachSeconds: numbers.distribution(storage.detach, below(at, 'detach')),
    mountSeconds: numbers.distribution(storage.mount, below(at, 'mount')),
    failures: storage.failures,
  };
}

function spell(storage: StorageSettings | null): Record<string, unknown> | undefined {
  if (storage === null) return undefined;
  const { provisionSeconds, attachSeconds, detachSeconds, mountSeconds } = storage;
  return {
    provision: spellSeconds(provisionSeconds), attach: spellSeconds(attachSeconds),
    detach: spellSeconds(detachSeconds), mount: spellSeconds(mountSeconds), failures: storage.failures,
  };
}

const field = schema.describe(
  'Volumes are made, attached, mounted and detached, which takes time and may fail. Default: they are where they are ' +
    'needed',
).optional();

export const storageBlock: Block<typeof field, StorageSettings | null> = { field, resolve, spell };
