// Which new pods stand in for lost ones, against lists kept by hand: owners of several kinds whose pods are evicted,
// fail, end or are deleted, and which make new ones. A replacement is no arrival, and who is replaced is not lost.
import { expect, test } from 'vitest';
import { EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import { SECOND, ScriptedRun } from './scripted-run.ts';

const { ReplicaSet, DaemonSet, Job } = WorkloadKind;
/** Whether what they lose is replaced: an object's pods are, but for those of a DaemonSet; a stand-in's are not known. */
const OWNERS = [
  { kind: ReplicaSet, key: 'default/web', replaces: true },
  { kind: Job, key: 'default/batch', replaces: true },
  { kind: DaemonSet, key: 'default/agent', replaces: false },
  { kind: ReplicaSet, key: '', replaces: false },
] as const;

test.each(['replaced-a', 'replaced-b', 'replaced-c'])('%s', (seed) => {
  const dice = new RandomStream(seed);
  const roll = (sides: number): number => Math.floor(dice.next() * sides);
  const run = new ScriptedRun();
  const { cluster } = run;
  const node = run.node('n', { cpu: '4000', memory: '4000Gi' });
  const owners = OWNERS.map(({ kind, key }, i) =>
    cluster.workloadWriter[key === '' ? 'stand' : 'create']({
      kind, key, object: null, parent: -1, wanted: 3, template: -1, workloadClass: 0, nameBase: cluster.names.intern(`owner-${String(i)}`), podMicros: Infinity, details: null,
    }),
  );
  const lost = owners.map((): number => 0);
  const live = new Map<number, { readonly owner: number; asked: boolean }>();
  let [arrived, replaced, finished, evictions, deletedOwner] = [0, 0, 0, 0, false];
  /** Pods that nobody made anew, by the sum of who is gone. */
  const create = (owner: number): void => {
    if (deletedOwner && owner === 1) return;
    const row = run.pod({ cpu: '1' }, owner < 0 ? {} : { owner: owners[owner] });
    if (owner >= 0 && lost[owner] > 0) {
      lost[owner]--;
      replaced++;
    } else arrived++;
    live.set(row, { owner, asked: false });
    if (roll(2) === 0) run.launch(row, node);
  };
  const lose = (owner: number): void => {
    if (owner >= 0 && OWNERS[owner].replaces && !(deletedOwner && owner === 1)) lost[owner]++;
  };
  const act = (): void => {
    const pods = [...live];
    const verb = roll(12);
    if (verb < 4 || pods.length === 0) return create(roll(OWNERS.length + 1) - 1);
    const [pod, state] = pods[roll(pods.length)];
    const isRunning = cluster.pods.phase[pod] === PodPhase.Running;
    if (verb < 6) {
      if (state.asked) return;
      state.asked = true;
      const cause = roll(2) === 0 ? EvictionCause.Api : EvictionCause.None;
      cluster.terminatePod(pod, cause);
      if (cause === EvictionCause.None) return;
      evictions++;
      return lose(state.owner);
    }
    live.delete(pod);
    if (verb < 8 && !state.asked) {
      const outcome = [PodOutcome.Failed, PodOutcome.Evicted][roll(2)];
      if (outcome === PodOutcome.Evicted) {
        cluster.pods.cause[pod] = EvictionCause.Taint;
        evictions++;
      }
      cluster.removePod(pod, outcome);
      return lose(state.owner);
    }
    if (verb < 9 && isRunning && !state.asked) {
      cluster.removePod(pod, PodOutcome.Succeeded);
      finished++;
      return;
    }
    cluster.removePod(pod, state.asked ? PodOutcome.Evicted : PodOutcome.Deleted);
  };
  for (let second = 0; second < 400; second++) run.at(second, act);
  run.at(250.5, () => {
    deletedOwner = true;
    lost[1] = 0;
    cluster.workloadWriter.delete(owners[1]);
  });
  const { counts } = run.result(400);
  expect(run.kernel.now).toBeLessThanOrEqual(400 * SECOND);
  expect(counts).toMatchObject({ podsArrived: arrived, podsReplaced: replaced, evictions });
  expect(replaced).toBeGreaterThan(10);
  expect(counts.podsFinished).toBeGreaterThanOrEqual(finished);
});
