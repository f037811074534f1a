// Short scripts whose waits can be added up by hand: who waited for what, from when to when.
import { describe, expect, test } from 'vitest';
import { PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import { eventText } from '../../src/metrics/wait-facts.ts';
import { OTHER_REASONS, WaitReasons } from '../../src/metrics/wait-reasons.ts';
import type { FailedAttempt } from '../../src/metrics/wait-reasons.ts';
import type { WaitFacts } from '../../src/metrics/run-result.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import { SECOND, ScriptedRun } from './scripted-run.ts';

const CPU4 = { cpu: '4', memory: '8Gi' };
const failure = (mainReason: string): FailedAttempt => ({
  message: `0/1 nodes are available: 1 ${mainReason}.`,
  mainReason,
});
const NO_CPU = failure('Insufficient cpu');
const TAINTED = failure('node(s) had untolerated taint(s)');

const facts = (pods: number, podsPending: number, attempts: number, podSeconds: number): WaitFacts => ({
  pods,
  podsPending,
  attempts,
  podSeconds,
  nearest: null,
});

describe('a pod waits for the reason of its last failed attempt', () => {
  test('until the next attempt, its binding, or the end', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4);
    const pods: number[] = [];
    run.at(0, () => {
      for (const className of ['batch', 'batch', 'service']) pods.push(run.pod({ cpu: '1' }, { className }));
    });
    run.at(10, () => pods.forEach((pod) => run.collector.attemptFailed(pod, NO_CPU)));
    run.at(20, () => run.collector.attemptFailed(pods[1], NO_CPU));
    run.at(30, () => run.collector.attemptFailed(pods[0], TAINTED));
    run.at(50, () => run.launch(pods[0], node));
    run.at(60, () => run.cluster.removePod(pods[2], PodOutcome.Deleted));
    const { waiting, pods: table } = run.result(100);
    expect(waiting.byReason).toEqual({
      // 20 s of the first, 90 s of the second, 50 s of the third.
      'Insufficient cpu': facts(2, 1, 4, 160),
      'node(s) had untolerated taint(s)': facts(1, 0, 1, 20),
    });
    expect(waiting.byClass).toEqual({
      batch: { 'Insufficient cpu': facts(1, 1, 3, 110), 'node(s) had untolerated taint(s)': facts(1, 0, 1, 20) },
      service: { 'Insufficient cpu': facts(1, 0, 1, 50) },
    });
    expect(table?.waitReason).toEqual([NO_CPU.message, TAINTED.message, NO_CPU.message]);
    expect(waiting.templates).toMatchObject([
      { oldestPod: 'pod-1', pods: 1, waitedSeconds: 100, reason: NO_CPU.mainReason, message: TAINTED.message },
    ]);
  });

  test('a row that is used again begins without a reason', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4);
    let [first, second] = [-1, -1];
    run.at(0, () => (first = run.pod({ cpu: '1' })));
    run.at(1, () => run.collector.attemptFailed(first, NO_CPU));
    run.at(2, () => run.cluster.removePod(first, PodOutcome.Deleted));
    run.at(3, () => (second = run.pod({ cpu: '1' })));
    run.at(4, () => run.launch(second, node));
    const result = run.result(10);
    expect(second).toBe(first);
    expect(result.pods?.waitReason).toEqual([NO_CPU.message, '']);
    expect(result.waiting.byReason).toEqual({ 'Insufficient cpu': facts(1, 0, 1, 1) });
  });

  test('what keeps a pod out of the queue counts until its first failed attempt; untried pods are told', () => {
    const run = new ScriptedRun();
    const pods: number[] = [];
    run.at(0, () => {
      for (let i = 0; i < 2; i++) pods.push(run.pod({ cpu: '1' }));
      run.collector.podHeld(pods[0], 'gates: [a b]');
    });
    run.at(10, () => run.collector.podHeld(pods[0], 'gates: [b]'));
    run.at(30, () => run.collector.attemptFailed(pods[0], NO_CPU));
    run.at(40, () => run.collector.podHeld(pods[0], 'gates: [c]'));
    const { waiting, pods: table } = run.result(100);
    expect(waiting.byReason).toEqual({
      'gates: [a b]': facts(0, 0, 0, 10),
      'gates: [b]': facts(0, 0, 0, 20),
      'Insufficient cpu': facts(1, 1, 1, 70),
      'not tried yet': facts(1, 1, 0, 100),
    });
    expect(table?.waitReason).toEqual([NO_CPU.message, '']);
  });

  test('what keeps a chosen pod from being bound counts always; its text stays that of its last failed attempt', () => {
    const run = new ScriptedRun();
    const pods: number[] = [];
    run.at(0, () => {
      for (let i = 0; i < 3; i++) pods.push(run.pod({ cpu: '1' }));
      run.collector.attemptFailed(pods[0], NO_CPU);
    });
    run.at(20, () => {
      for (const pod of pods) run.assumed.add(pod);
      run.collector.podHeld(pods[0], 'volumes');
      run.collector.podHeld(pods[1], 'volumes');
    });
    const { waiting, pods: table } = run.result(100);
    expect(waiting.byReason).toEqual({
      'Insufficient cpu': facts(0, 0, 1, 20),
      volumes: facts(2, 2, 0, 160),
      'chosen for a node, not bound yet': facts(1, 1, 0, 100),
    });
    expect(table?.waitReason).toEqual([NO_CPU.message, 'volumes', '']);
  });

  test('a pod that came with its node never waited, whatever would have kept it', () => {
    const run = new ScriptedRun({ sampleSeconds: 1 });
    const node = run.node('a', CPU4);
    run.at(0, () => {
      const pod = run.pod({ cpu: '1' });
      run.collector.podHeld(pod, 'gates: [a]');
      run.cluster.placePod(pod, node);
    });
    const { waiting, pods: table, timeseries } = run.result(10);
    expect(waiting).toEqual({ byReason: {}, byClass: {}, byPool: {}, templates: [], templatesNotListed: 0 });
    expect(table?.waitReason).toEqual(['']);
    expect(Object.keys(timeseries.columns).filter((name) => name.startsWith('waiting.'))).toEqual([]);
  });

  test('a plugin that gives each pod a reason of its own fills neither memory nor report', () => {
    const run = new ScriptedRun({ sampleSeconds: 1 });
    run.at(0, () => {
      for (let i = 0; i < 100; i++) run.collector.attemptFailed(run.pod({ cpu: '1' }), failure(`reason ${i}`));
    });
    const { waiting, timeseries } = run.result(10);
    expect(Object.keys(waiting.byReason)).toHaveLength(32);
    expect(waiting.byReason[OTHER_REASONS]).toEqual(facts(69, 69, 69, 690));
    expect(timeseries.columns[`waiting.${OTHER_REASONS}`].at(-1)).toBe(69);
    expect(Object.keys(timeseries.columns).filter((name) => name.startsWith('waiting.'))).toHaveLength(32);
  });
});

test('random lives: the integrals are those of a log that is added up at the end', () => {
  const run = new ScriptedRun();
  const node = run.node('a', { cpu: '1000', memory: '1Ti', pods: '1000' });
  const random = run.kernel.random.stream('story');
  const texts = ['a', 'b', 'c', 'd'].map(failure);
  const open = new Map<number, { reason: string; since: number }>();
  const sums = new Map<string, number>();
  const close = (pod: number): void => {
    const wait = open.get(pod);
    if (wait !== undefined) sums.set(wait.reason, (sums.get(wait.reason) ?? 0) + run.kernel.now - wait.since);
    open.delete(pod);
  };
  const pending: number[] = [];
  for (let second = 0; second < 500; second++) {
    run.at(second, () => {
      if (pending.length < 20) pending.push(run.pod({ cpu: '1' }, { className: `class-${second % 3}` }));
      const pod = pending[Math.floor(random.next() * pending.length)];
      const dice = random.next();
      if (dice < 0.7) {
        close(pod);
        const attempt = texts[Math.floor(random.next() * texts.length)];
        open.set(pod, { reason: attempt.mainReason, since: run.kernel.now });
        run.collector.attemptFailed(pod, attempt);
        return;
      }
      close(pod);
      pending.splice(pending.indexOf(pod), 1);
      if (dice < 0.9) run.launch(pod, node);
      else run.cluster.removePod(pod, PodOutcome.Deleted);
    });
  }
  const { waiting } = run.result(600);
  for (const pod of [...open.keys()]) close(pod);
  for (const { mainReason } of texts)
    expect(waiting.byReason[mainReason].podSeconds).toBeCloseTo((sums.get(mainReason) ?? 0) / SECOND, 6);
});

describe('the text of the event', () => {
  test('is cut off where kube-scheduler cuts it off: 1024 bytes with the dots, counted in UTF-8', () => {
    expect(eventText('x'.repeat(1024))).toBe('x'.repeat(1024));
    expect(eventText('x'.repeat(1025))).toBe(`${'x'.repeat(1020)} ...`);
    expect(eventText('é'.repeat(512))).toBe('é'.repeat(512));
    expect(eventText('é'.repeat(513))).toBe(`${'é'.repeat(510)} ...`);
    expect(eventText(`${'x'.repeat(1019)}é${'y'.repeat(9)}`)).toBe(`${'x'.repeat(1019)} ...`);
    expect(eventText(undefined)).toBe('');
  });
});

test('the node that almost had room is told with what it had, when the pod that waited longest asked', () => {
  const big = (name: string, cpu: string): unknown =>
    podObject(name, { containers: [{ name: 'c', resources: { requests: { cpu } } }] });
  const { result } = playScenario({ duration: '10m' }, [
    nodeObject('small', { cpu: '2' }),
    nodeObject('large', { cpu: '8' }),
    big('first', '5'),
    big('second', '4'),
  ]);
  // What waits for five minutes is tried again at the next look, which is every 30 s.
  const [waiting] = Object.values(result.waiting.byReason);
  expect(waiting.nearest).toEqual({
    node: 'large',
    pool: '',
    seconds: 330,
    resource: 'cpu',
    free: 3,
    wanted: 4,
    allocatable: 8,
  });
});

test.each(['a', 'b', 'c'])('many failed attempts at once are the same as one after the other (%s)', (seed) => {
  const dice = new RandomStreams(seed).stream('attempts');
  const roll = (count: number): number => Math.floor(dice.next() * count);
  const rows = Array.from({ length: 40 }, (_, row) => row);
  const pods = {
    phase: Uint8Array.from(rows, () => PodPhase.Pending as number),
    template: Int32Array.from(rows, () => roll(2)),
    workloadClass: Int32Array.from(rows, () => (roll(4) === 0 ? 1 : 0)),
  };
  const [one, many] = [0, 1].map(() => new WaitReasons({ pods } as unknown as Cluster));
  const left = (): unknown[] => [one, many].map((reasons) => ({
    groups: reasons.groups.map((group) => ({ ...group, waiting: [group.waiting.value, group.waiting.peak, group.waiting.integral(1e6)] })),
    now: [...reasons.waitingNow],
    told: rows.map((pod) => [reasons.attemptOf(pod), reasons.reasonOf(pod)]),
    last: [0, 1].map((template) => reasons.lastOf(template)),
  }));
  for (let round = 0; round < 300; round++) {
    const pod = roll(rows.length);
    if (roll(3) === 0) pods.phase[pod] = roll(3) === 0 ? PodPhase.Bound : PodPhase.Pending;
    // A scheduler that is late has not seen it.
    if (roll(9) === 0) pods.template[pod] = roll(2);
    if (roll(4) === 0) for (const reasons of [one, many]) reasons.podLeft(pod, round * 1000);
    const list = Int32Array.from(rows.filter(() => roll(3) > 0));
    const attempt = failure(['cpu', 'memory', 'taints'][roll(3)]);
    for (const [index, row] of list.entries())
      if (pods.phase[row] === PodPhase.Pending) one.attemptFailed(row, attempt, round * 1000 + 5 * (index + 1));
    many.attemptsFailed(list, list.length, attempt, round * 1000, 5);
    const [wanted, found] = left();
    expect(found).toEqual(wanted);
  }
  expect(one.groups.length).toBeGreaterThan(8);
});
