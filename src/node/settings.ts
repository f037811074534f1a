/** `kubelet` of a scenario: how pods start on nodes. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Path } from '../base/source-path.ts';
import { MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { CRITICAL_PRIORITY } from '../cluster/scheduling-spec.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Block } from '../scenario/block.ts';
import { duration, durationDistribution, expecting, flag, list, mapping, quantity, whole } from '../scenario/fields.ts';
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
  readonly pressure: PressureSettings;
}

/** What a kubelet watches of its node, in the order in which it looks; memory goes first. */
export const EVICTION_SIGNALS = [
  'memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree',
  'pid.available',
] as const;
export type EvictionSignal = (typeof EVICTION_SIGNALS)[number];

/** Bytes, inodes or processes; or per cent of the capacity. */
export interface EvictionAmount {
  readonly value: number;
  readonly isPercent: boolean;
}

/** Less than `value` is too little. */
export interface EvictionThreshold {
  readonly signal: EvictionSignal;
  readonly value: EvictionAmount;
  /** How long it must be so before pods are evicted; null: hard, at once. */
  readonly graceMicros: Micros | null;
  /** Once met, it is until so much more than `value` is there. */
  readonly minimumReclaim: EvictionAmount;
}

/** When kubelets evict pods, and when they remove images. */
export interface PressureSettings {
  readonly thresholds: readonly EvictionThreshold[];
  /** Longest grace of pods that a soft threshold evicts. */
  readonly maxPodGraceMicros: Micros;
  readonly transitionMicros: Micros;
  /** Per cent of the file system of images that are in use: from which on images go, and down to which. */
  readonly imageHighPercent: number;
  readonly imageLowPercent: number;
  readonly imageMinimumAgeMicros: Micros;
  /** 0: images of any age stay. */
  readonly imageMaximumAgeMicros: Micros;
  /** null: disks are looked at only where something fills them. */
  readonly disk: DiskSettings | null;
  /** Processes that a node can have. */
  readonly maxPids: number;
}

/** Of nodes that do not say otherwise. */
export interface DiskSettings {
  /** Of the root file system. */
  readonly capacityBytes: number;
  /** Of a file system for images alone; null: they are on the root file system. */
  readonly imageBytes: number | null;
  /** null: one for each 16Ki of the root file system. */
  readonly inodes: number | null;
}

/** Of KubeletConfiguration shutdownGracePeriodByPodPriority: pods of this priority or more, up to the next group's. */
export interface ShutdownGrace {
  readonly priority: number;
  readonly graceMicros: Micros;
}

const NOTHING: EvictionAmount = { value: 0, isPercent: false };

function hard(signal: EvictionSignal, value: number, isPercent = true): EvictionThreshold {
  return { signal, value: { value, isPercent }, graceMicros: null, minimumReclaim: NOTHING };
}

/** A disk of the size that clouds give nodes; a model assumption. */
export const DEFAULT_DISK: DiskSettings = { capacityBytes: 100 * 1024 * 1024 * 1024, imageBytes: null, inodes: null };

/** pkg/kubelet/eviction/defaults_linux.go, pkg/kubelet/apis/config/v1beta1/defaults.go; kernel.pid_max. */
export const DEFAULT_PRESSURE: PressureSettings = {
  thresholds: [
    hard('memory.available', 100 * 1024 * 1024, false), hard('nodefs.available', 10), hard('nodefs.inodesFree', 5),
    hard('imagefs.available', 15), hard('imagefs.inodesFree', 5),
  ],
  maxPodGraceMicros: 0,
  transitionMicros: 5 * MICROS_PER_MINUTE,
  imageHighPercent: 85,
  imageLowPercent: 80,
  imageMinimumAgeMicros: 2 * MICROS_PER_MINUTE,
  imageMaximumAgeMicros: 0,
  disk: null,
  maxPids: 32_768,
};

const AMOUNT = 'expected a quantity or a percentage such as 100Mi or 10%';
const AMOUNT_PATTERN = /^(?:\d+(?:\.\d+)?%|[0-9]+(?:\.[0-9]*)?(?:k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/;

const evictionAmount = (help: string) =>
  z
    .union(
      [
        z.string(expecting(AMOUNT)).regex(AMOUNT_PATTERN, expecting(AMOUNT)),
        z.number(expecting(AMOUNT)).min(0, expecting(AMOUNT)),
      ],
      expecting(AMOUNT),
    )
    .describe(help);

/** A field for each signal. */
function bySignal<T extends z.ZodType>(make: (help: string) => T, whatOf: string, help: string) {
  const field = (left: string) => make(`${whatOf} ${left}`).optional();
  return mapping(
    {
      'memory.available': field('memory that no pod uses'),
      'nodefs.available': field('the root file system that is free'),
      'nodefs.inodesFree': field('its inodes that are free'),
      'imagefs.available': field('the file system of images that is free'),
      'imagefs.inodesFree': field('its inodes that are free'),
      'pid.available': field('processes that the node can still have'),
    },
    help,
  );
}

const pressureFields = {
  evictionHard: bySignal(
    evictionAmount,
    'Least of',
    'With less than that left a kubelet evicts pods at once. Replaces the defaults, as upstream: memory.available ' +
      '100Mi, nodefs.available 10%, nodefs.inodesFree 5%, imagefs.available 15%, imagefs.inodesFree 5%',
  ).optional(),
  evictionSoft: bySignal(
    evictionAmount, 'Least of', 'With less than that left for evictionSoftGracePeriod. Default: none',
  ).optional(),
  evictionSoftGracePeriod: bySignal(
    duration, 'For how long there must be too little of', 'One for each signal of evictionSoft',
  ).optional(),
  evictionMinimumReclaim: bySignal(
    evictionAmount, 'Beyond the threshold, of', 'Pods are evicted until so much more is left. Default: nothing more',
  ).optional(),
  evictionMaxPodGracePeriod: duration(
    'Longest grace period of pods that are evicted by a soft threshold, 1s at least. Default 0s',
  ).optional(),
  evictionPressureTransitionPeriod: duration(
    'How long a condition such as DiskPressure stays after it was last observed. Default 5m',
  ).optional(),
  imageGCHighThresholdPercent: whole(
    'Share in use of the file system of images from which on unused images are removed, every 5 minutes. Default 85',
    0, 100,
  ).optional(),
  imageGCLowThresholdPercent: whole('Share down to which they are removed. Default 80', 0, 100).optional(),
  imageMinimumGCAge: duration('Younger images stay. Default 2m').optional(),
  imageMaximumGCAge: duration('Images that nobody has used for so long go. Default 0s: never').optional(),
  disk: mapping(
    {
      capacity: quantity(
        'Size of the root file system of nodes that have no capacity of ephemeral-storage. Default 100Gi; a model ' +
          'assumption',
      ).optional(),
      imageCapacity: quantity(
        'Size of a file system of its own for images. Default: they are on the root file system',
      ).optional(),
      inodes: whole(
        'Inodes of the root file system. Default: one for each 16Ki, as mke2fs makes them', 1, 1_000_000_000_000,
      ).optional(),
    },
    'Disks of nodes: images and what containers write fill them, images are collected, kubelets evict pods. Default: ' +
      'they are looked at only where applications tell of storage, or where a failure or step fills them',
  ).optional(),
  maxPids: whole(
    'Processes that a node can have, where applications tell of pids. Default 32768 (kernel.pid_max)', 1, 4_194_304,
  ).optional(),
};

const schema = z.strictObject({
  ...pressureFields,
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
    'Size of an image that imageSizes does not name, when it is pulled; on a disk the size that a node tells counts ' +
      'first. Default 250M; a model assumption',
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

function resolve(kubelet: KubeletInput, numbers: ScenarioNumbers): KubeletSettings {
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
    pressure: resolvePressure(kubelet, at, numbers),
  };
}

// ---- pressure

type KubeletInput = z.output<typeof schema>;
type PressureDuration =
  'evictionMaxPodGracePeriod' | 'evictionPressureTransitionPeriod' | 'imageMinimumGCAge' | 'imageMaximumGCAge';
type SignalAmounts = Readonly<Partial<Record<EvictionSignal, string | number | undefined>>>;

function resolvePressure(kubelet: KubeletInput, at: Path, numbers: ScenarioNumbers): PressureSettings {
  const isGiven = (Object.keys(pressureFields) as (keyof typeof pressureFields)[]).some(
    (key) => kubelet[key] !== undefined,
  );
  if (!isGiven) return DEFAULT_PRESSURE;
  const micros = (key: PressureDuration, usual: Micros): Micros => {
    const given = kubelet[key];
    return given === undefined ? usual : numbers.micros(given, below(at, key));
  };
  const usual = DEFAULT_PRESSURE;
  const { imageGCHighThresholdPercent: high = usual.imageHighPercent, disk } = kubelet;
  const { imageGCLowThresholdPercent: low = Math.min(usual.imageLowPercent, high) } = kubelet;
  if (low > high)
    numbers.findings.error(
      below(at, 'imageGCLowThresholdPercent'), `expected at most imageGCHighThresholdPercent (${high}), found ${low}`,
    );
  return {
    thresholds: resolveThresholds(kubelet, at, numbers),
    maxPodGraceMicros: micros('evictionMaxPodGracePeriod', usual.maxPodGraceMicros),
    transitionMicros: micros('evictionPressureTransitionPeriod', usual.transitionMicros),
    imageHighPercent: high,
    imageLowPercent: low,
    imageMinimumAgeMicros: micros('imageMinimumGCAge', usual.imageMinimumAgeMicros),
    imageMaximumAgeMicros: micros('imageMaximumGCAge', usual.imageMaximumAgeMicros),
    disk: disk === undefined ? null : resolveDisk(disk, below(at, 'disk'), numbers),
    maxPids: kubelet.maxPids ?? usual.maxPids,
  };
}

function resolveDisk(disk: NonNullable<KubeletInput['disk']>, at: Path, numbers: ScenarioNumbers): DiskSettings {
  const bytes = (key: 'capacity' | 'imageCapacity'): number | null => {
    const given = disk[key];
    return given === undefined ? null : numbers.bytesAbove0(given, below(at, key), 'size');
  };
  return {
    capacityBytes: bytes('capacity') ?? DEFAULT_DISK.capacityBytes,
    imageBytes: bytes('imageCapacity'),
    inodes: disk.inodes ?? null,
  };
}

/** Hard ones first, each kind in the order of the signals. 0% and 100% mean none, as upstream. */
function resolveThresholds(kubelet: KubeletInput, at: Path, numbers: ScenarioNumbers): EvictionThreshold[] {
  const { evictionHard, evictionSoft = {}, evictionSoftGracePeriod: graces = {} } = kubelet;
  const { evictionMinimumReclaim = {} } = kubelet;
  const { findings } = numbers;
  const amountOf = (amounts: SignalAmounts, key: string, signal: EvictionSignal): EvictionAmount | null => {
    const given = amounts[signal];
    return given === undefined ? null : evictionAmountFrom(given, below(below(at, key), signal), numbers);
  };
  const reclaimOf = (signal: EvictionSignal): EvictionAmount =>
    amountOf(evictionMinimumReclaim, 'evictionMinimumReclaim', signal) ?? NOTHING;
  const thresholds = evictionHard === undefined
    ? DEFAULT_PRESSURE.thresholds.map((usual) => ({ ...usual, minimumReclaim: reclaimOf(usual.signal) }))
    : EVICTION_SIGNALS.flatMap((signal) => {
        const value = amountOf(evictionHard, 'evictionHard', signal);
        return value === null ? [] : [{ signal, value, graceMicros: null, minimumReclaim: reclaimOf(signal) }];
      });
  const soft = EVICTION_SIGNALS.flatMap((signal): EvictionThreshold[] => {
    const value = amountOf(evictionSoft, 'evictionSoft', signal);
    const grace = graces[signal];
    const gracesAt = below(at, 'evictionSoftGracePeriod');
    if (value === null && grace !== undefined)
      findings.error(below(gracesAt, signal), `expected evictionSoft to have ${signal}, too`, undefined, 'key');
    if (value !== null && grace === undefined)
      findings.error(
        below(below(at, 'evictionSoft'), signal), `expected evictionSoftGracePeriod to have ${signal}, too`,
        undefined, 'key',
      );
    if (value === null || grace === undefined) return [];
    const graceMicros = numbers.microsAbove0(grace, below(gracesAt, signal));
    return [{ signal, value, graceMicros, minimumReclaim: reclaimOf(signal) }];
  });
  const isNone = ({ isPercent, value }: EvictionAmount): boolean => isPercent && (value === 0 || value === 100);
  return [...thresholds, ...soft].filter(({ value }) => !isNone(value));
}

function evictionAmountFrom(given: string | number, path: Path, numbers: ScenarioNumbers): EvictionAmount {
  if (typeof given === 'string' && given.endsWith('%')) {
    const value = Number(given.slice(0, -1));
    if (value > 100) numbers.findings.error(path, `expected at most 100%, found ${given}`);
    return { value, isPercent: true };
  }
  return { value: numbers.bytes(given, path), isPercent: false };
}

function spellPressure(pressure: PressureSettings): Record<string, unknown> {
  // A scenario may have gone to another thread meanwhile.
  if (JSON.stringify(pressure) === JSON.stringify(DEFAULT_PRESSURE)) return {};
  const { thresholds, disk } = pressure;
  const ofKind = (isHard: boolean): EvictionThreshold[] =>
    thresholds.filter(({ graceMicros }) => (graceMicros === null) === isHard);
  const listed = <T>(of: readonly EvictionThreshold[], told: (threshold: EvictionThreshold) => T): Record<string, T> =>
    Object.fromEntries(of.map((threshold) => [threshold.signal, told(threshold)]));
  const spelled = (amount: EvictionAmount): string | number =>
    amount.isPercent ? `${amount.value}%` : amount.value;
  const soft = ofKind(false);
  const reclaimed = thresholds.filter(({ minimumReclaim }) => minimumReclaim.value > 0);
  return {
    evictionHard: listed(ofKind(true), ({ value }) => spelled(value)),
    ...(soft.length === 0
      ? {}
      : {
          evictionSoft: listed(soft, ({ value }) => spelled(value)),
          evictionSoftGracePeriod: listed(soft, ({ graceMicros }) => formatDuration(graceMicros ?? 0)),
        }),
    ...(reclaimed.length === 0
      ? {}
      : { evictionMinimumReclaim: listed(reclaimed, ({ minimumReclaim }) => spelled(minimumReclaim)) }),
    evictionMaxPodGracePeriod: formatDuration(pressure.maxPodGraceMicros),
    evictionPressureTransitionPeriod: formatDuration(pressure.transitionMicros),
    imageGCHighThresholdPercent: pressure.imageHighPercent,
    imageGCLowThresholdPercent: pressure.imageLowPercent,
    imageMinimumGCAge: formatDuration(pressure.imageMinimumAgeMicros),
    imageMaximumGCAge: formatDuration(pressure.imageMaximumAgeMicros),
    ...(disk === null ? {} : { disk: spellDisk(disk) }),
    maxPids: pressure.maxPids,
  };
}

function spellDisk({ capacityBytes, imageBytes, inodes }: DiskSettings): Record<string, unknown> {
  return {
    capacity: capacityBytes,
    ...(imageBytes === null ? {} : { imageCapacity: imageBytes }),
    ...(inodes === null ? {} : { inodes }),
  };
}

// ---- shutdown

/** Two groups where no list is given: all pods, then the critical ones (pkg/kubelet/nodeshutdown: migrateConfig). */
function resolveShutdown(
  kubelet: KubeletInput, at: Path, numbers: ScenarioNumbers,
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
    ...spellPressure(kubelet.pressure),
  };
}

const field = schema.prefault({}).describe('Pod start on the nodes');

export const kubeletBlock: Block<typeof field, KubeletSettings> = { field, resolve, spell };
