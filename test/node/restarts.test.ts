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

  test('is started again whatever its exit code under Always, for a failure under OnFailure, never under Never', () => {
    const ending = (restartPolicy: string, exitCode: number): string =>
      containerStory({
        pod: { restartPolicy }, application: { failure: failureAfter(5, exitCode) }, untilSeconds: 30,
      });
    expect(ending('Always', 0)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  not ready
          6.0  container exited with 0
          6.5  restart 1
          6.5  ready
         11.5  not ready
         11.5  container exited with 0
         22.0  restart 2
         22.0  ready
         27.0  not ready
         27.0  container exited with 0
      "
    `);
    expect(ending('OnFailure', 0)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  gone: Succeeded
      "
    `);
    expect(ending('OnFailure', 3)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  not ready
          6.0  container exited with 3
          6.5  restart 1
          6.5  ready
         11.5  not ready
         11.5  container exited with 3
         22.0  restart 2
         22.0  ready
         27.0  not ready
         27.0  container exited with 3
      "
    `);
    expect(ending('Never', 3)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  gone: Failed
      "
    `);
    expect(ending('Never', 0)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  gone: Succeeded
      "
    `);
  });

  test('begins its work anew; a pod whose work is done succeeds', () => {
    expect(containerStory({
      pod: { restartPolicy: 'OnFailure' }, workSeconds: 8,
      application: { failure: { ...failureAfter(5), probability: 0.8 } }, untilSeconds: 200,
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
         30.0  gone: Succeeded
      "
    `);
  });

  test('is one of several: the others go on, and the pod ends when all have', () => {
    expect(containerStory({
      pod: { restartPolicy: 'OnFailure', containers: [{ name: 'main' }, { name: 'log' }] },
      containers: { main: { failure: failureAfter(20, 0) }, log: { failure: failureAfter(5) } }, untilSeconds: 60,
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
         27.0  container exited with 1
         47.5  restart 3
         52.5  container exited with 1
      "
    `);
  });

  test('goes when its pod is deleted, at once while nothing of it runs', () => {
    const deleted = (seconds: number): string => containerStory({
      pod: {}, application: { failure: failureAfter(5) }, untilSeconds: 30, at: { [seconds]: 'delete' },
    });
    expect(deleted(9)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  not ready
          6.0  container exited with 1
          6.5  restart 1
          6.5  ready
          9.0  terminating
         10.0  gone: Deleted
      "
    `);
    expect(deleted(15)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  not ready
          6.0  container exited with 1
          6.5  restart 1
          6.5  ready
         11.5  not ready
         11.5  container exited with 1
         15.0  terminating
         15.0  gone: Deleted
      "
    `);
  });

  test('is forgotten by a kubelet whose machine was down', () => {
    expect(containerStory({
      pod: {}, application: { failure: failureAfter(5) }, untilSeconds: 60, at: { 15: 'crash', 20: 'repair' },
    })).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          6.0  not ready
          6.0  container exited with 1
          6.5  restart 1
          6.5  ready
         11.5  not ready
         11.5  container exited with 1
         15.0  interrupted
         21.0  running, ready
         26.0  not ready
         26.0  container exited with 1
         26.5  restart 2
         26.5  ready
         31.5  not ready
         31.5  container exited with 1
         42.0  restart 3
         42.0  ready
         47.0  not ready
         47.0  container exited with 1
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
