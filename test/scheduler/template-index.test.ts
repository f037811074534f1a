// The index of a template over the nodes, after more changes of nodes than anybody keeps a list of, when the
// template's cells were brought up to date by somebody else: a template that no node takes looks at the changed nodes
// without the index.
import { describe, expect, test } from 'vitest';
import { CHANGE_RING } from '../../src/scheduler/cache/cached-nodes.ts';
import { SchedulerWorld } from './scheduler-world.ts';

/** Small pods fill the nodes, guests come and go; a large pod is tried now and then, at last when there is room. */
function place(plain: boolean, nodes: number, retries: number): readonly string[] {
  const world = new SchedulerWorld({ plain, autoRun: false, cycleMicros: 0, bindMicros: 0 });
  world.nodes(nodes, { cpu: '4' });
  const tell: string[] = [];
  const schedule = (name: string): void => {
    world.scheduler.scheduleOne();
    world.kernel.run({ until: world.kernel.now + 1000 });
    tell.push(`${name}: ${world.where(name)}`);
  };
  for (let i = 0; i < 2 * nodes; i++) {
    world.pod(`small-${i}`);
    schedule(`small-${i}`);
  }
  const rounds = Math.ceil(CHANGE_RING / 2) + 50;
  const tryLarge = (at: number): void => {
    world.pod(`large-${at}`, '3');
    schedule(`large-${at}`);
    world.remove(`large-${at}`);
  };
  tryLarge(-1);
  for (let i = 0; i < rounds; i++) {
    world.pod(`guest-${i}`);
    schedule(`guest-${i}`);
    if (i % Math.floor(rounds / retries) === 1) tryLarge(i);
    world.remove(`guest-${i}`);
  }
  for (let i = 0; i < 2; i++) world.remove(`small-${i}`);
  tryLarge(rounds);
  return tell;
}

describe('a template that no node took while thousands of pods came and went', () => {
  test.each([
    [1, 3],
    [1, 40],
    [3, 5],
    [40, 7],
  ])('on %i nodes, tried %i times, finds the room that has come', (nodes, retries) => {
    const fast = place(false, nodes, retries);
    expect(fast.at(-1)).toMatch(/: on n\d+$/);
    expect(fast).toEqual(place(true, nodes, retries));
  });
});
