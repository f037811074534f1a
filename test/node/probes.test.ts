// Start chain, probes and the end: in which order containers start, when a probe makes a pod ready or kills a
// container, and how long stopping takes.
import { describe, expect, test } from 'vitest';
import { containerProbes, probeFindings } from '../../src/node/probes.ts';
import type { Answers, ProbeFindings } from '../../src/node/probes.ts';
import { containerStory, failureAfter, hangAfter } from '../support/container-story.ts';
import { fixed } from '../support/node-life.ts';

describe('the start chain', () => {
  test('runs init containers one after the other, then all others', () => {
    expect(containerStory({
      pod: { initContainers: [{ name: 'migrate' }, { name: 'warm' }] },
      application: { initSeconds: fixed(5) }, containers: { warm: { initSeconds: fixed(20) } }, untilSeconds: 60,
    })).toMatchInlineSnapshot(`
      "
         26.0  running, ready
      "
    `);
  });

  test('tries an init container again with the back-off of the crash loop', () => {
    expect(containerStory({
      pod: { initContainers: [{ name: 'migrate' }] }, containers: {
        migrate: { initSeconds: fixed(5), failure: { ...failureAfter(2), probability: 0.8 } },
      }, untilSeconds: 120,
    })).toMatchInlineSnapshot(`
      "
          3.0  restart 1
         15.5  restart 2
         21.0  running, ready
      "
    `);
  });

  test('ends with the pod where an init container fails and nothing is tried again', () => {
    expect(containerStory({
      pod: { restartPolicy: 'Never', initContainers: [{ name: 'migrate' }] },
      containers: { migrate: { initSeconds: fixed(5), failure: failureAfter(2) } }, untilSeconds: 60,
    })).toMatchInlineSnapshot(`
      "
          2.5  gone: Failed
      "
    `);
  });

  test('waits for a sidecar until its startup probe has succeeded, and goes on beside it', () => {
    expect(containerStory({
      pod: {
        initContainers: [
          { name: 'proxy', restartPolicy: 'Always', startupProbe: { periodSeconds: 2 } }, { name: 'migrate' },
        ],
      },
      containers: { proxy: { startupSeconds: fixed(5) }, migrate: { initSeconds: fixed(10) } }, untilSeconds: 60,
    })).toMatchInlineSnapshot(`
      "
         16.5  running, ready
      "
    `);
  });

  test('a sidecar that fails makes the pod unready, and stops last when the work is done', () => {
    expect(containerStory({
      pod: { restartPolicy: 'Never', initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] },
      containers: { proxy: { failure: failureAfter(8), stopSeconds: fixed(3) } }, workSeconds: 30, untilSeconds: 60,
    })).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          8.5  not ready
          8.5  container exited with 1
          9.0  restart 1
          9.0  ready
         17.0  not ready
         17.0  container exited with 1
         27.5  restart 2
         27.5  ready
         31.0  not ready
         34.0  gone: Succeeded
      "
    `);
  });
});

describe('probes', () => {
  test('a readiness probe asks when the container starts, then every period', () => {
    const ready = (startup: number, probe: object): string =>
      containerStory({
        pod: { containers: [{ name: 'main', readinessProbe: probe }] },
        application: { startupSeconds: fixed(startup) }, untilSeconds: 60,
      });
    expect(ready(0, {})).toMatchInlineSnapshot(`
      "
          1.0  running, ready
      "
    `);
    expect(ready(12, {})).toMatchInlineSnapshot(`
      "
          1.0  running, not ready
         21.0  ready
      "
    `);
    expect(ready(12, { periodSeconds: 5, initialDelaySeconds: 20, successThreshold: 3 })).toMatchInlineSnapshot(`
      "
          1.0  running, not ready
         31.0  ready
      "
    `);
  });

  test('without a readiness probe a pod is ready at once, however long its program takes', () => {
    expect(containerStory({ pod: {}, application: { startupSeconds: fixed(30) }, untilSeconds: 60 }))
      .toMatchInlineSnapshot(`
        "
            1.0  running, ready
        "
      `);
  });

  test('a startup probe holds the others back, and kills what does not come up', () => {
    const started = (startup: number): string =>
      containerStory({
        pod: {
          containers: [{
            name: 'main', startupProbe: { periodSeconds: 5, failureThreshold: 4 }, readinessProbe: {},
            livenessProbe: {},
          }],
        },
        application: { startupSeconds: fixed(startup) }, untilSeconds: 60,
      });
    expect(started(12)).toMatchInlineSnapshot(`
      "
          1.0  running, not ready
         15.0  ready
      "
    `);
    expect(started(40)).toMatchInlineSnapshot(`
      "
          1.0  running, not ready
         21.0  container exited with 143
         21.5  restart 1
         41.0  container exited with 143
         51.5  restart 2
      "
    `);
  });

  test('a liveness probe finds what hangs; it is killed at the end of its grace and started again', () => {
    expect(containerStory({
      pod: {
        terminationGracePeriodSeconds: 15,
        containers: [{ name: 'main', readinessProbe: { periodSeconds: 5 }, livenessProbe: {} }],
      },
      application: { hang: hangAfter(40) }, untilSeconds: 120,
    })).toMatchInlineSnapshot(`
      "
          1.0  running, ready
         51.0  not ready
         85.0  container exited with 137
         85.5  restart 1
         85.5  ready
      "
    `);
  });

  test('what hangs without a liveness probe stays unready for ever', () => {
    expect(containerStory({
      pod: { containers: [{ name: 'main', readinessProbe: {} }] }, application: { hang: hangAfter(40) },
      untilSeconds: 300,
    })).toMatchInlineSnapshot(`
      "
          1.0  running, ready
         61.0  not ready
      "
    `);
  });
});

describe('stopping', () => {
  const stopped = (grace: number, stop: number, hook?: object): string =>
    containerStory({
      pod: {
        terminationGracePeriodSeconds: grace,
        containers: [{ name: 'main', ...(hook === undefined ? {} : { lifecycle: { preStop: hook } }) }],
      },
      application: { stopSeconds: fixed(stop), preStopSeconds: fixed(4) }, untilSeconds: 60, at: { 10: 'delete' },
    }).trim().split('\n').pop()?.trim() ?? '';

  test('takes what the program takes, killed at the end of its grace', () => {
    expect(stopped(30, 7)).toBe('17.0  gone: Deleted');
    expect(stopped(30, 100)).toBe('40.0  gone: Deleted');
  });

  test('a hook counts against the grace, but two seconds are left to the program', () => {
    expect(stopped(30, 3, { sleep: { seconds: 10 } })).toBe('23.0  gone: Deleted');
    expect(stopped(30, 3, { exec: {} })).toBe('17.0  gone: Deleted');
    expect(stopped(5, 100, { sleep: { seconds: 10 } })).toBe('17.0  gone: Deleted');
  });

  test('sidecars stop after all others, in what is left of the grace, and a hung program takes all of it', () => {
    const ends = (hang: boolean): string =>
      containerStory({
        pod: { terminationGracePeriodSeconds: 20, initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] },
        application: { stopSeconds: fixed(6), ...(hang ? { hang: hangAfter(5) } : {}) }, untilSeconds: 60,
        at: { 10: 'delete' },
      }).trim().split('\n').pop()?.trim() ?? '';
    expect(ends(false)).toBe('22.0  gone: Deleted');
    expect(ends(true)).toBe('32.0  gone: Deleted');
  });
});

test('what is worked out at the start of a run is what asking every period finds', () => {
  const random = [3, 7, 1, 9, 4, 8, 2, 6, 5, 0];
  let state = 1;
  const draw = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return (state + random[state % 10]) % below;
  };
  for (let round = 0; round < 3000; round++) {
    const probe = (): object => ({
      initialDelaySeconds: draw(3) * 7, periodSeconds: 1 + draw(12), failureThreshold: 1 + draw(4),
    });
    const spec = {
      ...(draw(2) === 0 ? {} : { startupProbe: probe() }),
      ...(draw(3) === 0 ? {} : { readinessProbe: { ...probe(), successThreshold: 1 + draw(3) } }),
      ...(draw(2) === 0 ? {} : { livenessProbe: probe() }),
    };
    const watchedFrom = draw(50);
    const startedAt = watchedFrom + draw(50);
    const answersAt = startedAt + draw(60);
    const hangsAt = draw(2) === 0 ? Infinity : startedAt + draw(200);
    const inMicros = { startedAt: startedAt * 1e6, answersAt: answersAt * 1e6, hangsAt: hangsAt * 1e6 };
    const found = probeFindings(containerProbes(spec), inMicros, watchedFrom * 1e6);
    const answers = { startedAt, answersAt, hangsAt };
    const told = JSON.stringify({ spec, answers, watchedFrom });
    expect(asked(spec, answers, watchedFrom), told).toEqual(within(found));
  }
});

const HORIZON_SECONDS = 600;

type Times = Pick<ProbeFindings, 'startedAt' | 'readyAt' | 'unreadyAt' | 'killedAt'>;

/** In seconds; what comes after the kill or the horizon does not happen. */
function within({ startedAt, readyAt, unreadyAt, killedAt }: Times): Times {
  const cut = (at: number): number => (at / 1e6 > Math.min(HORIZON_SECONDS, killedAt / 1e6) ? Infinity : at / 1e6);
  return { startedAt: cut(startedAt), readyAt: cut(readyAt), unreadyAt: cut(unreadyAt), killedAt: cut(killedAt) };
}

interface Asking {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly successThreshold?: number;
}

/** The plain way: second by second, each probe in its turn, results counted in a row. */
function asked(
  spec: { readonly startupProbe?: Asking; readonly readinessProbe?: Asking; readonly livenessProbe?: Asking },
  { startedAt, answersAt, hangsAt }: Answers,
  watchedFrom: number,
): Times {
  const begun = spec.startupProbe === undefined ? startedAt : Infinity;
  const times = { startedAt: begun, readyAt: Infinity, unreadyAt: Infinity, killedAt: Infinity };
  const runs = { startup: 0, readiness: 0, liveness: 0 };
  const ask = (probe: Asking | undefined, name: keyof typeof runs, from: number, now: number): number => {
    if (probe === undefined || now < from || (now - from) % (probe.periodSeconds ?? 10) !== 0) return 0;
    if (now - startedAt < (probe.initialDelaySeconds ?? 0)) return 0;
    const isRight = now >= answersAt && now < hangsAt;
    runs[name] = isRight ? Math.max(runs[name], 0) + 1 : Math.min(runs[name], 0) - 1;
    return runs[name];
  };
  for (let now = startedAt; now <= HORIZON_SECONDS && times.killedAt === Infinity; now++) {
    if (times.startedAt === Infinity) {
      const count = ask(spec.startupProbe, 'startup', watchedFrom, now);
      if (count > 0) times.startedAt = now;
      if (count <= -(spec.startupProbe?.failureThreshold ?? 3)) times.killedAt = now;
    }
    if (times.startedAt > now) continue;
    if (spec.readinessProbe === undefined) times.readyAt = times.startedAt;
    const ready = ask(spec.readinessProbe, 'readiness', times.startedAt, now);
    if (times.readyAt === Infinity && ready >= (spec.readinessProbe?.successThreshold ?? 1)) times.readyAt = now;
    const isLost = times.readyAt < now && ready <= -(spec.readinessProbe?.failureThreshold ?? 3);
    if (isLost && times.unreadyAt === Infinity) times.unreadyAt = now;
    const alive = ask(spec.livenessProbe, 'liveness', watchedFrom, now);
    if (alive <= -(spec.livenessProbe?.failureThreshold ?? 3)) times.killedAt = now;
  }
  return times;
}
