/**
 * Pods whose application is known: their containers start in order, answer probes, fail, are started again, hang and
 * stop as it says. Init containers run one after the other, each until it has ended with 0; a sidecar among them need
 * only be started. Then all others start. What ends is started again by the restart policy, with the crash loop's
 * back-off. The pod is Ready while all of them are. Source: pkg/kubelet/kuberuntime (v1.36); docs/model.md has the
 * departures.
 *
 * Loaded only where a scenario has applications, and pods without one pass it by. A pod with one keeps a record and one
 * event in flight: the next instant at which one of its containers changes. What a run of a container will do is
 * drawn when it starts, so probes cost nothing between two changes.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { streamEntityOf } from '../cluster/lineages.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { RandomStream } from '../kernel/random.ts';
import type { ApplicationModel } from '../scenario/application.ts';
import { KILLED, drawRun, drawStop, graceOf } from './application-runs.ts';
import type { Grace } from './application-runs.ts';
import { areReady, lieDown, newLife, podFacts } from './containers.ts';
import type { Container, LivingPod, PodFacts } from './containers.ts';
import { NO_CRASHES, nextRestart } from './crash-loop.ts';
import { TERMINATED } from './pod-ends.ts';
import type { ContainerLook, KubeletHost, MakePodLives, PodLives, PodUses, StorageExcess } from './pod-lives.ts';
import { leftBehind, storageExcess, usesOf } from './pod-uses.ts';
import { probeFindings } from './probes.ts';

export class LivingPods implements PodLives {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly applications: ReadonlyMap<string, ApplicationModel>;
  private readonly host: KubeletHost;
  private readonly changeEvent: EventKind;
  private readonly factsByTemplate: (PodFacts | undefined)[] = [];
  private readonly living = new Map<number, LivingPod>();
  private readonly seeds = new Map<string, RandomStream>();

  constructor(
    kernel: Kernel, cluster: Cluster, applications: ReadonlyMap<string, ApplicationModel>, host: KubeletHost,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.applications = applications;
    this.host = host;
    this.changeEvent = kernel.defineEvent('containers change', 3, (pod, ticket) => {
      if (!host.isCurrent(pod, ticket)) return;
      if (!host.isHeldBack(pod, ticket, (row) => this.change(row))) this.change(pod);
    });
  }

  // ---- what the kubelet tells ------------------------------------------------------------------------------------

  has(pod: number): boolean {
    return this.living.has(pod);
  }

  usesOf(pod: number): PodUses | null {
    const life = this.living.get(pod);
    return life === undefined ? null : usesOf(life, this.kernel.now);
  }

  storageExcess(pod: number): StorageExcess | null {
    const life = this.living.get(pod);
    if (life === undefined) return null;
    const { spec } = this.cluster.templateOf(pod);
    const names = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(({ name = '' }) => name);
    return storageExcess(life, names, this.kernel.now);
  }

  removeDead(pod: number): void {
    for (const container of this.living.get(pod)?.containers ?? []) container.deadBytes = 0;
  }

  look(pod: number): ContainerLook[] {
    const { now } = this.kernel;
    return this.lifeOf(pod).containers.map((own) => {
      const { state, restarts, last, crashes, startedAt, runningSince, readyAt, unreadyAt } = own;
      const isOver = state === 'waiting' && own.hasRun;
      return {
        state: !isOver ? state : crashes.restartedAt > now ? 'backoff' : 'ended',
        restarts, last,
        runsFrom: runningSince,
        isStarted: state === 'running' && startedAt <= now,
        isReady: state === 'running' && readyAt <= now && unreadyAt > now,
      };
    });
  }

  hasStarted(pod: number): boolean {
    return this.lifeOf(pod).areMainsStarted;
  }

  /** Draws the pod's luck: in order of creation, whether it will ever run or not. */
  podCreated(pod: number): void {
    const { life } = this.cluster.templateOf(pod);
    if (life === null) return;
    const entity = streamEntityOf(this.cluster, pod);
    let seeds = this.seeds.get(entity);
    if (seeds === undefined) {
      seeds = this.kernel.random.stream('application', entity);
      this.seeds.set(entity, seeds);
    }
    const seed = `${this.kernel.random.seed}/application/${entity}/${seeds.uint32()}`;
    this.living.set(pod, newLife(this.factsOf(pod), new RandomStream(seed), this.cluster.now));
  }

  podRemoved(pod: number): void {
    this.living.delete(pod);
  }

  podSeen(pod: number): void {
    const life = this.lifeOf(pod);
    life.watchedFrom = this.kernel.now;
    life.initDone = 0;
    life.areMainsStarted = false;
    life.endsAt = Infinity;
    for (const container of life.containers) {
      container.deadBytes = leftBehind(container, this.kernel.now);
      lieDown(container, 'waiting');
      // The kubelet that remembered them has started anew.
      container.crashes = NO_CRASHES;
    }
  }

  imagesPulled(pod: number): void {
    this.change(pod);
  }

  /** It ran here before the simulation began: everything of it is up. */
  podFound(pod: number): void {
    this.podSeen(pod);
    const life = this.lifeOf(pod);
    life.initDone = life.facts.initCount;
    life.areMainsStarted = true;
    for (const container of life.containers) {
      if (container.facts.role === 'init') lieDown(container, 'ended');
      else this.run(life, container, pod, true);
    }
    this.schedule(pod, life);
  }

  reportReady(pod: number): void {
    this.tellReady(pod, this.lifeOf(pod));
  }

  stopMicros(pod: number): Micros {
    const life = this.lifeOf(pod);
    const graceMicros = this.host.graceMicros(pod);
    let longest = 0;
    for (const container of life.containers)
      if (container.facts.role !== 'sidecar')
        longest = Math.max(longest, this.stop(life, container, graceOf(graceMicros)));
    return longest + this.stopSidecars(life, graceMicros, longest);
  }

  /** Containers, their states and the pod's condition agree. */
  check(): void {
    const { pods, nodes } = this.cluster;
    for (const [pod, { containers, facts, initDone, nextAt }] of this.living) {
      assert(pods.isLive(pod), `pod row ${pod} has ended and its containers are kept`);
      const isRunning = pods.phase[pod] === PodPhase.Running;
      assert(initDone <= facts.initCount, `pod row ${pod} has started more init containers than it has`);
      if (!isRunning || pods.isTerminating(pod) || nodes.up[pods.node[pod]] === 0) continue;
      // What is due now has its turn yet.
      if (nextAt <= this.kernel.now || !this.host.isReported(pod)) continue;
      const isReady = areReady(containers, this.kernel.now);
      const isTold = pods.isReady(pod);
      assert(isReady === isTold, `pod row ${pod} is Ready: ${isTold}, its containers: ${isReady}`);
      for (const { state, endsAt } of containers)
        assert(state !== 'running' || endsAt >= this.kernel.now, `a container of pod row ${pod} should have ended`);
    }
  }

  // ---- changes ---------------------------------------------------------------------------------------------------

  /** Brings the pod up to now and waits for what comes next. */
  private change(pod: number): void {
    const life = this.lifeOf(pod);
    if (life.endsAt <= this.kernel.now) return this.end(pod, life);
    const { now } = this.kernel;
    for (const container of life.containers) {
      if (container.state === 'running' && container.endsAt <= now) this.ended(pod, life, container);
      else if (container.state === 'waiting' && container.startAt <= now) this.started(pod, life, container);
    }
    if (this.failsAtInit(life, pod)) return this.end(pod, life);
    this.goOn(pod, life);
    if (life.endsAt === Infinity && this.isDone(life)) {
      life.endsAt = this.kernel.now + this.stopSidecars(life, this.cluster.templateOf(pod).graceMicros);
      if (life.endsAt <= this.kernel.now) return this.end(pod, life);
    }
    this.tellReady(pod, life);
    this.schedule(pod, life);
  }

  /** Starts the next init container, or everything else when they are through. */
  private goOn(pod: number, life: LivingPod): void {
    const { containers, facts } = life;
    const { now } = this.kernel;
    while (life.initDone < facts.initCount) {
      const next = containers[life.initDone];
      if (next.state === 'waiting' && next.startAt === Infinity) this.run(life, next, pod, false);
      const isThrough =
        next.facts.role === 'sidecar'
          ? next.state === 'running' && next.startedAt <= now
          : next.state === 'ended' && next.exitCode === 0;
      if (next.state === 'running' && next.endsAt <= now) this.ended(pod, life, next);
      else if (!isThrough) return;
      if (isThrough || (next.state === 'ended' && next.exitCode === 0)) life.initDone++;
      else return;
    }
    if (life.areMainsStarted) return;
    life.areMainsStarted = true;
    const startAt = now + this.host.containerStartMicros(pod);
    for (let i = facts.initCount; i < containers.length; i++) {
      containers[i].startAt = startAt;
      if (startAt <= now) this.started(pod, life, containers[i]);
    }
  }

  private started(pod: number, life: LivingPod, container: Container): void {
    const isAgain = container.hasRun;
    this.run(life, container, pod, false);
    if (!isAgain) return;
    container.restarts++;
    const { pods } = this.cluster;
    this.host.tell(pod, (row) => {
      if (!pods.hasEnded(row)) this.cluster.restartContainer(row);
    });
  }

  /** `isUp`: it has been running for long. */
  private run(life: LivingPod, container: Container, pod: number, isUp: boolean): void {
    const { now } = this.kernel;
    const { role, program, probes, bounds } = container.facts;
    const workMicros = this.cluster.pods.durationMicros[pod];
    const drawn = drawRun(program, role, bounds, workMicros, life.stream);
    const [answersAt, hangsAt] = [isUp ? now : now + drawn.answersAfter, now + drawn.hangsAfter];
    container.state = 'running';
    container.hasRun = true;
    container.startAt = Infinity;
    container.runningSince = now;
    container.hangsAt = hangsAt;
    container.endsAt = now + drawn.endsAfter;
    container.exitCode = drawn.exitCode;
    container.uses = drawn.uses;
    if (role === 'init') {
      container.startedAt = container.readyAt = container.unreadyAt = Infinity;
      return;
    }
    const found = probeFindings(probes, { startedAt: now, answersAt, hangsAt }, life.watchedFrom);
    container.startedAt = isUp ? now : found.startedAt;
    container.readyAt = isUp ? now : found.readyAt;
    container.unreadyAt = found.unreadyAt;
    if (found.killedAt >= container.endsAt) return;
    const grace = found.killGraceMicros ?? this.cluster.templateOf(pod).graceMicros;
    const { micros, isKilled } = this.stopOf(life, container, graceOf(grace), found.killedAt >= hangsAt);
    if (found.killedAt + micros >= container.endsAt) return;
    container.endsAt = found.killedAt + micros;
    container.exitCode = isKilled ? KILLED : TERMINATED;
  }

  private ended(pod: number, life: LivingPod, container: Container): void {
    const { now } = this.kernel;
    const lost = now - container.runningSince;
    const { role } = container.facts;
    container.last = { exitCode: container.exitCode, ranFrom: container.runningSince, at: now };
    container.deadBytes = leftBehind(container, now);
    lieDown(container, 'ended');
    if (life.endsAt < Infinity || !this.isStartedAgain(pod, container)) return;
    container.crashes = nextRestart(container.crashes, now);
    container.state = 'waiting';
    container.startAt = container.crashes.restartedAt + this.host.containerStartMicros(pod);
    this.tellReady(pod, life);
    if (container.crashes.restartedAt > now) this.tellBackOff(pod, life, container);
    if (this.host.isToldReady(pod) === null) return;
    const { exitCode } = container;
    this.host.tell(pod, (row) => {
      if (this.cluster.pods.phase[row] !== PodPhase.Running) return;
      this.cluster.failContainer(row, exitCode, role === 'main' ? lost : 0);
    });
  }

  /** pkg/kubelet/kuberuntime/kuberuntime_manager.go: doBackOff. */
  private tellBackOff(pod: number, { containers, facts }: LivingPod, container: Container): void {
    const { cluster } = this;
    const { spec, namespace } = cluster.templateOf(pod);
    const index = containers.indexOf(container);
    const isInit = index < facts.initCount;
    const all = (isInit ? spec.initContainers : spec.containers) ?? [];
    const { name = '' } = all[isInit ? index : index - facts.initCount] ?? {};
    cluster.recordEvent(pod, {
      type: 'Warning', reason: 'BackOff', from: 'kubelet',
      message: `Back-off restarting failed container ${name} in pod ${cluster.podName(pod)}_${namespace}`,
      fieldPath: `spec.${isInit ? 'initContainers' : 'containers'}{${name}}`,
    });
  }

  /** A pod whose work is done is not started again, whatever its policy. */
  private isStartedAgain(pod: number, { facts, exitCode, runningSince }: Container): boolean {
    if (facts.role === 'sidecar') return true;
    const isFailure = exitCode !== 0;
    if (facts.role === 'init') return isFailure && facts.restartPolicy !== 'Never';
    const isWorkDone = !isFailure && this.kernel.now - runningSince >= this.cluster.pods.durationMicros[pod];
    if (isWorkDone || facts.restartPolicy === 'Never') return false;
    return isFailure || facts.restartPolicy !== 'OnFailure';
  }

  private failsAtInit({ containers, facts }: LivingPod, pod: number): boolean {
    for (let i = 0; i < facts.initCount; i++) {
      const { state, exitCode, facts: of } = containers[i];
      if (of.role === 'init' && state === 'ended' && exitCode !== 0) return this.cluster.pods.isLive(pod);
    }
    return false;
  }

  private isDone({ containers, facts, areMainsStarted }: LivingPod): boolean {
    if (!areMainsStarted) return false;
    for (let i = facts.initCount; i < containers.length; i++) if (containers[i].state !== 'ended') return false;
    return true;
  }

  private end(pod: number, { containers }: LivingPod): void {
    const failed = containers.find(
      ({ state, exitCode, facts }) => facts.role !== 'sidecar' && state === 'ended' && exitCode !== 0,
    );
    this.host.end(pod, failed?.exitCode ?? 0);
  }

  /** The pod runs as soon as one of its own containers does, and is Ready while all of them and its sidecars are. */
  private tellReady(pod: number, { containers, facts }: LivingPod): void {
    const isReady = areReady(containers, this.kernel.now);
    const told = this.host.isToldReady(pod);
    if (told !== null) {
      if (told !== isReady) this.host.tellReady(pod, isReady);
      return;
    }
    for (let i = facts.initCount; i < containers.length; i++) {
      if (!containers[i].hasRun || containers[i].state === 'waiting') continue;
      this.host.tellStarted(pod, isReady);
      return;
    }
  }

  private schedule(pod: number, life: LivingPod): void {
    const { containers, endsAt } = life;
    const { now } = this.kernel;
    let next = endsAt;
    const consider = (at: Micros): void => {
      if (at > now && at < next) next = at;
    };
    for (const { state, startAt, startedAt, readyAt, unreadyAt, endsAt: end } of containers) {
      if (state === 'waiting') next = Math.min(next, Math.max(startAt, now));
      if (state !== 'running') continue;
      consider(startedAt);
      consider(readyAt);
      consider(unreadyAt);
      next = Math.min(next, Math.max(end, now));
    }
    const ticket = this.host.nextTicket(pod);
    life.nextAt = next;
    if (next !== Infinity) this.kernel.at(next, this.changeEvent, pod, ticket);
  }

  // ---- stopping --------------------------------------------------------------------------------------------------

  private stop(life: LivingPod, container: Container, grace: Grace): Micros {
    if (container.state !== 'running') return 0;
    const hangs = container.hangsAt <= this.kernel.now;
    const { micros } = this.stopOf(life, container, grace, hangs);
    // Of one that has ended while its node was cut off or hung nobody has heard.
    return Math.max(0, Math.min(micros, container.endsAt - this.kernel.now));
  }

  private stopOf(
    life: LivingPod, { facts }: Container, grace: Grace, hangs: boolean,
  ): { readonly micros: Micros; readonly isKilled: boolean } {
    return drawStop(facts.program, facts.sleepMicros, grace, hangs, life.stream);
  }

  /** One after the other, the last one first, in what is left of the grace period. */
  private stopSidecars(life: LivingPod, graceMicros: Micros, spentBefore: Micros = 0): Micros {
    let spent = 0;
    for (let i = life.facts.initCount - 1; i >= 0; i--) {
      const container = life.containers[i];
      if (container.facts.role !== 'sidecar') continue;
      spent += this.stop(life, container, graceOf(graceMicros, spentBefore + spent));
    }
    return spent;
  }

  // ---- facts -----------------------------------------------------------------------------------------------------

  private lifeOf(pod: number): LivingPod {
    const life = this.living.get(pod);
    assert(life !== undefined, `pod row ${pod} has no containers of its own`);
    return life;
  }

  private factsOf(pod: number): PodFacts {
    const template = this.cluster.templateOf(pod);
    return (this.factsByTemplate[template.id] ??= podFacts(template, this.applications));
  }
}

/** For a simulation's options. */
export const livingPods: MakePodLives = (...parts) => new LivingPods(...parts);
