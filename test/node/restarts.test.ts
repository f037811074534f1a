// Restart policies and the crash loop: when a container that has ended is started again, and what the pod is meanwhile.
import { describe, expect, test } from 'vitest';
import { NO_CRASHES, nextRestart } from '../../src/node/crash-loop.ts';
import { containerStory, failureAfter } from '../support/container-story.ts';

describe('a container that fails', () => {
  test('is started again at once, then after 10 s, 20 s, 40 s; the pod is not ready meanwhile', () => {
    expect(containerStory({
      pod: { restartPolicy: 'Always' }, application: { failure: failureAfter(5) }, untilSeconds: 110,
    })).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  not ready
          6.0  container exited with 1
          6.5  restart 1
          6.5  ready
         11.5  not ready
         11.5  container exited with 1
         22.0  restart 2
         22.0  ready
         27.0  not ready
         27.0  container exited with 1
         47.5  restart 3
         47.5  ready
         52.5  not ready
         52.5  container exited with 1
         93.0  restart 4
         93.0  ready
         98.0  not ready
         98.0  container exited with 1
      "
    `);
  });
});

test('waits before restarts double from 10 s to 300 s, and begin anew after 10 minutes', () => {
  let crashes = NO_CRASHES;
  const waits: number[] = [];
  let now = 0;
  for (let i = 0; i < 9; i++) {
    crashes = nextRestart(crashes, now);
    waits.push((crashes.restartedAt - now) / 1e6);
    now = crashes.restartedAt + 1e6;
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  const again = nextRestart(crashes, crashes.restartedAt + 600e6);
  expect((again.restartedAt - crashes.restartedAt) / 1e6).toBe(900);
  expect(nextRestart(crashes, crashes.restartedAt + 600e6 + 1)).toEqual({
    restartedAt: crashes.restartedAt + 600e6 + 1, backoffMicros: 10e6,
  });
});
