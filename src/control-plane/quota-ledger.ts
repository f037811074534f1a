/**
 * What the ResourceQuotas of a run have in use. A new pod is charged in the instant in which it is made; what a pod
 * that has ended or is gone leaves behind can be used again once the quota controller has seen it, in a later turn of
 * the same instant; pods that should be gone for long are let go of at the next count or at the full one every 5
 * minutes. `status` of the objects is written once an instant. A quota that comes or changes is counted anew from all
 * pods.
 * Source: pkg/controller/resourcequota/{resource_quota_controller,resource_quota_monitor}.go (v1.36). Only what pods
 * are charged for is counted. Costs nothing while there is no quota; else a look at its namespace's quotas a pod
 * notice.
 */
import { ZERO_QUANTITY } from '../base/quantity.ts';
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import { keyOf } from '../cluster/object-store.ts';
import type { KubernetesObject, Pod } from '../cluster/objects.ts';
import type { ClusterObserver, Notice, ObjectAction } from '../cluster/observer.ts';
import { quantitiesOf } from '../cluster/pod-requests.ts';
import type { ReadonlyQuantities } from '../cluster/pod-requests.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { isPastGrace, isPodQuotaResource, podUsage } from './quota-usage.ts';
import { chargedTo, decideDemand, quotaDemand, quotaRefusalText, scopesOf } from './resource-quota.ts';
import type { QuotaDemand, QuotaState, ResourceQuota } from './resource-quota.ts';

/** Full count of all quotas (--resource-quota-sync-period). */
const RESYNC_MICROS: Micros = 5 * MICROS_PER_MINUTE;
/** What the object of a pod that is over is charged for. */
const OVER_USAGE = podUsage({}, true);

/** What is nothing to the ledger while there are no quotas. */
const POD_NOTICES: readonly Notice[] = ['podCreated', 'podTerminating', 'podRemoved', 'podDeleted', 'podUpdated'];

/** The quotas of a namespace, oldest first; states are replaced, never changed. */
interface Book {
  states: QuotaState[];
  /** By template id. */
  readonly demands: Map<number, QuotaDemand>;
  isChanged: boolean;
}

interface Release {
  readonly namespace: string;
  readonly template: number;
  readonly usage: ReadonlyQuantities;
}

export interface QuotaRefusal {
  readonly name: string;
  readonly message: string;
}

export class QuotaLedger implements ClusterObserver {
  /** When a quota last had more room than before; -1: never. */
  roomAt: Micros = -1;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly books = new Map<string, Book>();
  private releases: Release[] = [];
  /** Rows of pods that are being deleted, in namespaces with quotas. */
  private readonly leaving = new Set<number>();
  /** Of those, the ones that are charged as if they were gone. */
  private readonly overdue = new Set<number>();
  private readonly syncEvent: EventKind;
  private readonly resyncEvent: EventKind;
  private isSyncDue = false;
  private isResyncDue = false;

  /** The cluster's notices go to it after those to whoever makes pods: so its turn in an instant comes after theirs. */
  constructor(kernel: Kernel, cluster: Cluster, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.syncEvent = kernel.defineEvent('quota sync', phase, () => this.sync());
    this.resyncEvent = kernel.defineEvent('quota resync', phase, () => this.resync());
  }

  /** Why the namespace's quotas would not have another pod of the template; null: they would. */
  refusal(template: number): QuotaRefusal | null {
    if (this.books.size === 0) return null;
    const { namespace } = this.cluster.templates.get(template);
    const book = this.books.get(namespace);
    if (book === undefined) return null;
    const decision = decideDemand(book.states, this.demandOf(book, template));
    if (decision.allowed) return null;
    return { name: decision.quota, message: quotaRefusalText(decision, book.states, this.podOf(template)) };
  }

  private podOf(template: number): Pod {
    return { spec: this.cluster.templates.get(template).spec };
  }

  private demandOf(book: Book, template: number): QuotaDemand {
    const known = book.demands.get(template);
    if (known !== undefined) return known;
    const demand = quotaDemand(book.states, this.podOf(template));
    book.demands.set(template, demand);
    return demand;
  }

  private charge(book: Book, template: number, usage: ReadonlyQuantities, sign: 1 | -1): void {
    const { missing } = this.demandOf(book, template);
    if (missing.size === 0) return;
    book.states = book.states.map((state) =>
      missing.has(state.name) ? { ...state, used: chargedTo(state, usage, sign) } : state,
    );
    book.isChanged = true;
  }

  private scheduleSync(): void {
    if (this.isSyncDue) return;
    this.isSyncDue = true;
    this.kernel.after(0, this.syncEvent);
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    const book = this.bookOf(pod);
    if (book === undefined) return;
    const template = this.cluster.pods.template[pod];
    this.charge(book, template, this.demandOf(book, template).usage, 1);
    this.scheduleSync();
  }

  podTerminating(pod: number): void {
    if (this.bookOf(pod) === undefined) return;
    this.leaving.add(pod);
    if (this.isResyncDue) return;
    this.isResyncDue = true;
    this.kernel.at((Math.floor(this.kernel.now / RESYNC_MICROS) + 1) * RESYNC_MICROS, this.resyncEvent);
  }

  podRemoved(pod: number): void {
    this.leaving.delete(pod);
    const book = this.bookOf(pod);
    if (book === undefined || this.overdue.has(pod)) return;
    this.release(pod, withoutObject(this.demandOf(book, this.cluster.pods.template[pod]).usage));
  }

  podDeleted(pod: number): void {
    this.overdue.delete(pod);
    if (this.bookOf(pod) !== undefined) this.release(pod, OVER_USAGE);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    const book = this.bookOf(pod);
    const template = this.cluster.pods.template[pod];
    if (book === undefined || before.id === template || this.isOver(pod)) return;
    this.charge(book, before.id, this.demandOf(book, before.id).usage, -1);
    this.charge(book, template, this.demandOf(book, template).usage, 1);
    this.scheduleSync();
  }

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, before: KubernetesObject | undefined,
  ): void {
    if (kind !== 'ResourceQuota') return;
    const { spec, metadata } = object as ResourceQuota;
    // Its own status tells nothing new.
    if (action === 'update' && (before as ResourceQuota | undefined)?.spec === spec) return;
    this.open(metadata?.namespace ?? 'default');
    this.hushPods();
  }

  /** To be called once it observes the cluster. Who is still leaving is followed to the end. */
  hushPods(): void {
    this.cluster.hush(this, POD_NOTICES, this.books.size + this.leaving.size + this.overdue.size === 0);
  }

  private bookOf(pod: number): Book | undefined {
    return this.books.size === 0 ? undefined : this.books.get(this.cluster.templateOf(pod).namespace);
  }

  private release(pod: number, usage: ReadonlyQuantities): void {
    const { namespace } = this.cluster.templateOf(pod);
    this.releases.push({ namespace, template: this.cluster.pods.template[pod], usage });
    this.scheduleSync();
  }

  // ---- counting --------------------------------------------------------------------------------------------------

  /** Counts a namespace anew. */
  private open(namespace: string): void {
    const quotas = [...this.cluster.objects.list<ResourceQuota>('ResourceQuota')].filter(
      ({ metadata }) => (metadata?.namespace ?? 'default') === namespace,
    );
    this.releases = this.releases.filter((release) => release.namespace !== namespace);
    if (quotas.length === 0) {
      this.books.delete(namespace);
      return;
    }
    const states = quotas.map(emptyState);
    const book: Book = { states, demands: new Map(), isChanged: true };
    this.books.set(namespace, book);
    const { pods } = this.cluster;
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.phase[pod] === PodPhase.Free || this.bookOf(pod) !== book) continue;
      const template = pods.template[pod];
      this.charge(book, template, this.isOver(pod) ? OVER_USAGE : this.demandOf(book, template).usage, 1);
      if (pods.isTerminating(pod) && !pods.hasEnded(pod)) this.podTerminating(pod);
    }
    this.roomAt = this.kernel.now;
    this.scheduleSync();
  }

  private isOver(pod: number): boolean {
    return this.cluster.pods.hasEnded(pod) || this.overdue.has(pod);
  }

  private sync(): void {
    this.noteOverdue();
    this.isSyncDue = false;
    const { releases } = this;
    this.releases = [];
    for (const { namespace, template, usage } of releases) {
      const book = this.books.get(namespace);
      if (book === undefined) continue;
      this.charge(book, template, usage, -1);
      this.roomAt = this.kernel.now;
    }
    for (const [namespace, book] of this.books) if (book.isChanged) this.writeStatus(namespace, book);
  }

  private resync(): void {
    this.isResyncDue = false;
    this.noteOverdue();
    if (this.leaving.size === 0) return;
    this.isResyncDue = true;
    this.kernel.after(RESYNC_MICROS, this.resyncEvent);
  }

  private noteOverdue(): void {
    const { pods, now } = this.cluster;
    for (const pod of this.leaving) {
      const book = this.bookOf(pod);
      const deletingSeconds = (now - pods.deletionAt[pod]) / MICROS_PER_SECOND;
      if (!isPastGrace(deletingSeconds, this.cluster.templateOf(pod).graceMicros / MICROS_PER_SECOND)) continue;
      this.leaving.delete(pod);
      this.overdue.add(pod);
      if (book === undefined) continue;
      this.release(pod, withoutObject(this.demandOf(book, pods.template[pod]).usage));
    }
  }

  private writeStatus(namespace: string, book: Book): void {
    book.isChanged = false;
    for (const { name, hard, used } of book.states) {
      const quota = this.cluster.objects.get<ResourceQuota>('ResourceQuota', keyOf(namespace, name));
      if (quota === undefined) continue;
      const status = { hard: quota.spec?.hard ?? {}, used: textsOf(hard, used) };
      if (JSON.stringify(status) === JSON.stringify(quota.status)) continue;
      const written: ResourceQuota = { ...quota, status };
      this.cluster.putObject('ResourceQuota', written);
    }
  }
}

/** Nothing is in use yet. What pods are not charged for stays as the object has it. */
function emptyState({ metadata, spec, status }: ResourceQuota): QuotaState {
  const hard = quantitiesOf(spec?.hard);
  const used = new Map(quantitiesOf(status?.used));
  for (const name of hard.keys()) if (isPodQuotaResource(name)) used.set(name, ZERO_QUANTITY);
  return { name: metadata?.name ?? '', scopes: scopesOf(spec), hard, used };
}

function textsOf(hard: ReadonlyQuantities, used: ReadonlyQuantities): Readonly<Record<string, string>> {
  return Object.fromEntries([...hard.keys()].flatMap((name) => {
    const amount = used.get(name);
    return amount === undefined ? [] : [[name, amount.toString()]];
  }));
}

function withoutObject(usage: ReadonlyQuantities): ReadonlyQuantities {
  return new Map([...usage].filter(([name]) => !OVER_USAGE.has(name)));
}
