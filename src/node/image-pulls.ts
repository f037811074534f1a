/**
 * Images on nodes: which are there, and the pulls that bring the others. One pull serves every pod that waits for the
 * image; with `serialize` a node pulls one image at a time in the order of asking (serializeImagePulls), otherwise all
 * at once, each at full speed. Where nodes have disks (node-disks.ts) a pull needs room, and images are removed.
 *
 * While a node does not reach the registry every pull fails, and so does asking for an image whose policy is Always. A
 * pod asks again after 10 s, doubling up to 300 s (pkg/kubelet/images/image_manager.go, v1.36): the first 10 s of a
 * wait it says ErrImagePull, then, as its kubelet has looked at it again, ImagePullBackOff.
 *
 * What was pulled is reported to the Node object (ImageLocality reads it) with the node's next status report, every
 * 10 s from its creation, so a Node object is rewritten at most once for each image and once per report. As upstream,
 * a report names the 50 largest images (pkg/kubelet/apis/config: nodeStatusMaxImages).
 *
 * Costs one bit per node and image, all in one array that stays in the processor's cache; a question about images that
 * are there, a few nanoseconds each.
 */
import { growUint32 } from '../base/growable.ts';
import { Interner } from '../base/interner.ts';
import { MICROS_PER_SECOND, microsFromSeconds, type Micros } from '../base/time.ts';
import { nextStatusAt } from '../cluster/node-facts.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { normalizedImageName } from '../cluster/image-names.ts';
import type { ContainerImage } from '../cluster/objects.ts';
import type { EventKind, Kernel, TimerId } from '../kernel/kernel.ts';
import type { KubeletSettings } from './settings.ts';

const REPORTED_IMAGES = 50;
/** pkg/kubelet/kubelet.go: MaxImageBackOff and imageBackOffPeriod, and backOffPeriod of a pod's worker. */
const FIRST_BACKOFF_MICROS: Micros = 10 * MICROS_PER_SECOND;
const LONGEST_BACKOFF_MICROS: Micros = 300 * MICROS_PER_SECOND;
const LOOK_AGAIN_MICROS: Micros = 10 * MICROS_PER_SECOND;
const NO_SPACE = 'rpc error: code = Unknown desc = failed to pull and unpack image: write: no space left on device';
const NO_REGISTRY = 'rpc error: code = Unavailable desc = failed to resolve reference: the registry is unavailable';
/** What an empty image name becomes when it is normalised. */
const NO_IMAGE = ':latest';

interface NodePulls {
  /** Image id to the timer of its pull. */
  readonly active: Map<number, TimerId>;
  /** Images that wait for their turn. */
  readonly queue: number[];
  /** Image id to pods and their tickets, in pairs. */
  readonly waiting: Map<number, number[]>;
}

function newPulls(): NodePulls {
  return { active: new Map(), queue: [], waiting: new Map() };
}

/** What pulls fail by; `isCurrent` tells whether a pod still waits with this ticket. */
export interface PullFaults {
  /** null: no registry is ever out of reach. */
  readonly troubles: NodeTroubles | null;
  readonly isCurrent: (pod: number, ticket: number) => boolean;
}

/** What a node's disk has to do with images. */
export interface ImageShelf {
  /** Whether an image of so many bytes still fits. */
  hasRoom(node: number, bytes: number): boolean;
  /** An image has come. */
  imagesChanged(node: number): void;
}

interface FailedPull {
  readonly ticket: number;
  readonly image: number;
  /** What the runtime said. */
  why: string;
  backoffMicros: Micros;
}

export class ImagePulls {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly settings: KubeletSettings;
  private readonly onPulled: (pod: number, ticket: number) => void;
  private readonly pulledEvent: EventKind;
  private readonly reportEvent: EventKind;
  private readonly faults: PullFaults;
  /** By pod row: what its last pull failed of. */
  private readonly failed = new Map<number, FailedPull>();
  private readonly failureEvents: { readonly fail: EventKind; readonly backOff: EventKind; readonly again: EventKind };

  private readonly images = new Interner();
  private readonly sizes: number[] = [];
  private readonly sizeByName: ReadonlyMap<string, number>;
  /** Image ids by template id. */
  private readonly idsByTemplate: (readonly number[] | undefined)[] = [];
  /** Bit `image` of a node's words is set when the image is there. A node row has `words` of them. */
  private present: Uint32Array = new Uint32Array(0);
  private words = 1;
  private readonly pulls: (NodePulls | null)[] = [];
  /** By node row: pulled and not yet reported. */
  private readonly unreported: number[][] = [];
  /** By node row: removed and not yet reported. */
  private readonly removed = new Map<number, Set<number>>();
  /** null: there is room for all images. */
  shelf: ImageShelf | null = null;
  pullCount = 0;

  constructor(
    kernel: Kernel, cluster: Cluster, settings: KubeletSettings, onPulled: (pod: number, ticket: number) => void,
    faults: PullFaults = { troubles: null, isCurrent: () => true },
  ) {
    this.faults = faults;
    this.kernel = kernel;
    this.cluster = cluster;
    this.settings = settings;
    this.onPulled = onPulled;
    this.sizeByName = new Map(
      Object.entries(settings.imageBytes).map(([name, bytes]) => [normalizedImageName(name), bytes]),
    );
    this.pulledEvent = kernel.defineEvent('image pulled', 3, (node, image) => this.pulled(node, image));
    this.reportEvent = kernel.defineEvent('node images report', 3, (node, incarnation) =>
      this.report(node, incarnation),
    );
    this.failureEvents = {
      fail: kernel.defineEvent('image pull failed', 3, (pod, ticket) => this.fail(pod, ticket)),
      backOff: kernel.defineEvent('image pull backs off', 3, (pod, ticket) => this.backOff(pod, ticket)),
      again: kernel.defineEvent('image pull again', 3, (pod, ticket) => this.askAgain(pod, ticket)),
    };
  }

  /** A new machine: it has what its Node object names. */
  nodeAdded(node: number): void {
    if ((node + 1) * this.words > this.present.length)
      this.present = growUint32(this.present, this.cluster.nodes.capacity * this.words);
    this.present.fill(0, node * this.words, (node + 1) * this.words);
    this.pulls[node] = null;
    this.unreported[node] = [];
    this.removed.delete(node);
    this.nodeImagesChanged(node);
  }

  nodeImagesChanged(node: number): void {
    for (const name of this.cluster.nodes.facts[node].images.keys())
      this.put(node, this.imageId(normalizedImageName(name)));
  }

  /** Pulls under way are lost. */
  nodeStopped(node: number): void {
    const pulls = this.pulls[node];
    if (pulls === null || pulls === undefined) return;
    for (const timer of pulls.active.values()) this.kernel.cancel(timer);
    this.pulls[node] = null;
  }

  nodeReturned(node: number): void {
    if (this.unreported[node].length > 0 || this.removed.has(node)) this.scheduleReport(node);
  }

  /** Pulls under way fail, those that wait for their turn likewise. */
  registryLost(node: number): void {
    const pulls = this.pulls[node];
    if (pulls === null || pulls === undefined) return;
    this.nodeStopped(node);
    for (const [image, waiting] of pulls.waiting)
      for (let i = 0; i < waiting.length; i += 2) {
        this.noteFailure(waiting[i], waiting[i + 1], image, NO_REGISTRY);
        this.kernel.after(0, this.failureEvents.fail, waiting[i], waiting[i + 1]);
      }
  }

  /** The first image of the template that the node lacks, or that must be asked for in vain; -1: none. */
  missingImage(node: number, template: number): number {
    if (this.faults.troubles?.isRegistryLost(node) === true) {
      const always = this.alwaysPulled(template);
      if (always >= 0) return always;
    }
    const ids = this.idsByTemplate[template] ?? this.compileTemplate(template);
    for (let i = 0; i < ids.length; i++) if (!this.has(node, ids[i])) return ids[i];
    return -1;
  }

  /** A pod that ran on the node before the simulation began: its images are there. */
  assumeImages(node: number, template: number): void {
    for (const id of this.idsByTemplate[template] ?? this.compileTemplate(template)) this.put(node, id);
  }

  /** The pod waits for an image that is missing; `onPulled` tells when it has come. */
  request(node: number, image: number, pod: number, ticket: number): void {
    if (this.faults.troubles?.isRegistryLost(node) === true) {
      this.noteFailure(pod, ticket, image, NO_REGISTRY);
      this.kernel.after(this.pullMicros(node, 0), this.failureEvents.fail, pod, ticket);
      return;
    }
    const pulls = (this.pulls[node] ??= newPulls());
    const waiting = pulls.waiting.get(image);
    if (waiting !== undefined) {
      waiting.push(pod, ticket);
      return;
    }
    pulls.waiting.set(image, [pod, ticket]);
    if (this.settings.serializeImagePulls && pulls.active.size > 0) pulls.queue.push(image);
    else this.startPull(node, image, pulls);
  }

  private startPull(node: number, image: number, pulls: NodePulls): void {
    const micros = this.pullMicros(node, this.sizes[image]);
    this.pullCount++;
    pulls.active.set(image, this.kernel.timerAt(this.kernel.now + micros, this.pulledEvent, node, image));
  }

  private pullMicros(node: number, bytes: number): Micros {
    const { pullBaseSeconds, pullBytesPerSecond, unpackBytesPerSecond } = this.settings;
    const micros = microsFromSeconds(pullBaseSeconds + bytes / pullBytesPerSecond + bytes / unpackBytesPerSecond);
    const { troubles } = this.faults;
    return troubles === null ? micros : Math.round(micros * troubles.slowFactor(node));
  }

  // ---- pulls that fail -------------------------------------------------------------------------------------------

  private noteFailure(pod: number, ticket: number, image: number, why: string): void {
    const known = this.failed.get(pod);
    if (known?.ticket === ticket && known.image === image) known.why = why;
    else this.failed.set(pod, { ticket, image, why, backoffMicros: 0 });
  }

  private fail(pod: number, ticket: number): void {
    const failed = this.waitOf(pod, ticket);
    if (failed === null) return;
    const { backoffMicros } = failed;
    const next = backoffMicros === 0 ? FIRST_BACKOFF_MICROS : Math.min(2 * backoffMicros, LONGEST_BACKOFF_MICROS);
    failed.backoffMicros = next;
    const image = this.images.text(failed.image);
    this.say(pod, failed, 'ErrImagePull', [
      ['Normal', 'Pulling', `Pulling image "${image}"`],
      ['Warning', 'Failed', `Failed to pull image "${image}": ${failed.why}`],
    ]);
    if (next > LOOK_AGAIN_MICROS) this.kernel.after(LOOK_AGAIN_MICROS, this.failureEvents.backOff, pod, ticket);
    this.kernel.after(next, this.failureEvents.again, pod, ticket);
  }

  private backOff(pod: number, ticket: number): void {
    const failed = this.waitOf(pod, ticket);
    if (failed === null) return;
    const image = this.images.text(failed.image);
    const why = `ErrImagePull: ${failed.why}`;
    this.say(pod, failed, 'ImagePullBackOff', [['Normal', 'BackOff', `Back-off pulling image "${image}": ${why}`]]);
  }

  /** null: the pod waits for its image no more. */
  private waitOf(pod: number, ticket: number): FailedPull | null {
    const failed = this.failed.get(pod);
    if (failed?.ticket !== ticket) return null;
    if (this.faults.isCurrent(pod, ticket)) return failed;
    this.failed.delete(pod);
    return null;
  }

  /** Nobody hears of it while the node is cut off. */
  private say(
    pod: number, { image }: FailedPull, waits: string,
    events: readonly (readonly ['Normal' | 'Warning', string, string])[],
  ): void {
    const { cluster } = this;
    if (this.faults.troubles?.isCut(cluster.pods.node[pod]) === true) return;
    cluster.setPodWaits(pod, waits);
    const container = containerOf(cluster.templateOf(pod), this.images.text(image));
    const told = [...events, ['Warning', 'Failed', `Error: ${waits}`] as const];
    for (const [type, reason, message] of told)
      cluster.recordEvent(pod, { type, reason, message, from: 'kubelet', fieldPath: container });
  }

  private askAgain(pod: number, ticket: number): void {
    const failed = this.waitOf(pod, ticket);
    if (failed === null) return;
    const isRegistryBack = this.faults.troubles?.isRegistryLost(this.cluster.pods.node[pod]) !== true;
    // Whether there is room again shows when the image has come.
    if (failed.why === NO_REGISTRY && isRegistryBack) this.forgetFailure(pod);
    this.onPulled(pod, ticket);
  }

  private forgetFailure(pod: number): void {
    if (!this.failed.delete(pod)) return;
    if (this.cluster.pods.history(pod).waits !== '') this.cluster.setPodWaits(pod, '');
  }

  /** The image has come and does not fit. */
  private failForSpace(pods: readonly number[], image: number): void {
    for (let i = 0; i < pods.length; i += 2) {
      this.noteFailure(pods[i], pods[i + 1], image, NO_SPACE);
      this.kernel.after(0, this.failureEvents.fail, pods[i], pods[i + 1]);
    }
  }

  /** An image that the registry is asked about although it may be there; -1: none. */
  private alwaysPulled(template: number): number {
    const { spec } = this.cluster.templates.get(template);
    const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
    const always = all.find(({ imagePullPolicy, image = '' }) => imagePullPolicy === 'Always' && image !== '');
    return always === undefined ? -1 : this.imageId(normalizedImageName(always.image ?? ''));
  }

  private pulled(node: number, image: number): void {
    const pulls = this.pulls[node];
    if (pulls === null) return;
    pulls.active.delete(image);
    const waiting = pulls.waiting.get(image) ?? [];
    pulls.waiting.delete(image);
    const hasRoom = this.shelf?.hasRoom(node, this.sizes[image]) !== false;
    if (hasRoom) this.noteArrival(node, image);
    const next = pulls.queue.shift();
    if (next !== undefined) this.startPull(node, next, pulls);
    if (!hasRoom) return this.failForSpace(waiting, image);
    if (this.failed.size > 0)
      for (let i = 0; i < waiting.length; i += 2)
        if (this.faults.isCurrent(waiting[i], waiting[i + 1])) this.forgetFailure(waiting[i]);
    for (let i = 0; i < waiting.length; i += 2) this.onPulled(waiting[i], waiting[i + 1]);
  }

  private noteArrival(node: number, image: number): void {
    this.put(node, image);
    const unreported = this.unreported[node];
    unreported.push(image);
    if (unreported.length === 1) this.scheduleReport(node);
    if (this.shelf === null) return;
    this.removed.get(node)?.delete(image);
    this.shelf.imagesChanged(node);
  }

  // ---- for those who remove images -------------------------------------------------------------------------------

  /** Ids of the images on the node, ascending. */
  imagesOn(node: number): number[] {
    const found: number[] = [];
    for (let word = 0; word < this.words; word++) {
      const bits = this.present[node * this.words + word];
      for (let bit = 0; bit < 32 && bits >>> bit !== 0; bit++)
        if ((bits & (1 << bit)) !== 0) found.push(word * 32 + bit);
    }
    return found;
  }

  /** Of a name as it stands in a Node object. */
  idOf(name: string): number {
    return this.imageId(normalizedImageName(name));
  }

  sizeOf(image: number): number {
    return this.sizes[image];
  }

  imagesOfTemplate(template: number): readonly number[] {
    return this.idsByTemplate[template] ?? this.compileTemplate(template);
  }

  /** They are gone, and will be pulled again by whoever needs them. */
  remove(node: number, images: readonly number[]): void {
    if (images.length === 0) return;
    const removed = this.removed.get(node) ?? new Set<number>();
    this.removed.set(node, removed);
    for (const image of images) {
      this.present[node * this.words + (image >> 5)] &= ~(1 << (image & 31));
      removed.add(image);
    }
    this.unreported[node] = this.unreported[node].filter((image) => !removed.has(image));
    this.scheduleReport(node);
  }

  // ---- status ----------------------------------------------------------------------------------------------------

  private scheduleReport(node: number): void {
    const { nodes } = this.cluster;
    const time = nextStatusAt(nodes.createdAt[node], this.kernel.now);
    this.kernel.at(time, this.reportEvent, node, nodes.incarnation[node]);
  }

  private report(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 0 || nodes.up[node] === 0) return;
    const pulled = this.unreported[node];
    const removed = this.removed.get(node);
    if (pulled.length === 0 && removed === undefined) return;
    this.unreported[node] = [];
    this.removed.delete(node);
    const { object, images } = nodes.facts[node];
    const isGone = (name: string): boolean => removed?.has(this.idOf(name)) === true;
    const before = object.status?.images ?? [];
    const kept = removed === undefined ? before : before.filter(({ names = [] }) => !names.some(isGone));
    const fresh = pulled
      .filter((id) => !images.has(this.images.text(id)))
      .map((id): ContainerImage => ({ names: [this.images.text(id)], sizeBytes: this.sizes[id] }));
    if (fresh.length === 0 && kept.length === before.length) return;
    let all: readonly ContainerImage[] = [...kept, ...fresh];
    if (all.length > REPORTED_IMAGES)
      all = [...all].sort((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0)).slice(0, REPORTED_IMAGES);
    this.cluster.updateNode(node, { ...object, status: { ...object.status, images: all } });
  }

  private compileTemplate(template: number): readonly number[] {
    const names = this.cluster.templates.get(template).images.filter((name) => name !== NO_IMAGE);
    const ids = [...new Set(names)].map((name) => this.imageId(name));
    this.idsByTemplate[template] = ids;
    return ids;
  }

  private imageId(name: string): number {
    const id = this.images.intern(name);
    if (id === this.sizes.length) this.sizes.push(this.sizeByName.get(name) ?? this.settings.defaultImageBytes);
    return id;
  }

  private put(node: number, image: number): void {
    while (image >> 5 >= this.words) this.widen();
    this.present[node * this.words + (image >> 5)] |= 1 << (image & 31);
  }

  private has(node: number, image: number): boolean {
    return image >> 5 < this.words && (this.present[node * this.words + (image >> 5)] & (1 << (image & 31))) !== 0;
  }

  /** Twice the words a node. */
  private widen(): void {
    const { present, words } = this;
    this.words = words * 2;
    this.present = new Uint32Array(present.length * 2);
    for (let at = 0; at < present.length; at++)
      this.present[Math.floor(at / words) * this.words + (at % words)] = present[at];
  }
}

/** `spec.containers{app}`: whose image it is; '': nobody's. */
function containerOf({ spec }: PodTemplate, image: string): string {
  for (const list of ['initContainers', 'containers'] as const) {
    const found = spec[list]?.find((own) => normalizedImageName(own.image ?? '') === image);
    if (found !== undefined) return `spec.${list}{${found.name ?? ''}}`;
  }
  return '';
}
