// Recorded answers of kube-controller-manager v1.36.3: zone health, mirrored taints, eviction timers, and whole courses
// of the node monitor with the NoExecute queues (those without a kubelet that reports Ready=False, which is not modelled).
import { describe, expect, test } from 'vitest';
import {
  recordedCases, replayEviction, replayLifecycle, replayNoSchedule, replayZoneState,
  type EvictionIn, type LifecycleChange, type LifecycleIn, type NoScheduleIn, type ZoneStateIn, type ZoneStateOut,
} from '../support/taint-eviction-vectors.ts';

function testKind<In, Out>(kind: string, least: number, replay: (input: In) => Out, accepts: (input: In) => boolean = () => true): void {
  const all = recordedCases<In, Out>(kind);
  if (all === null) {
    test.skip(`skipped: no recording of suite taint-eviction beside this checkout (${kind})`, () => undefined);
    return;
  }
  const cases = all.filter((recorded) => accepts(recorded.in));
  test(`${kind}: ${cases.length} of ${all.length} recorded answers are ours, too`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(least);
    const differing = cases.map(({ id, in: input, out }) => ({ id, input, out, got: replay(input) })).filter(({ out, got }) => sorted(out) !== sorted(got));
    expect({ count: differing.length, shown: differing.slice(0, 3) }).toEqual({ count: 0, shown: [] });
  });
}

/** JSON with sorted keys. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

describe('recorded suite taint-eviction', () => {
  testKind<ZoneStateIn, ZoneStateOut>('zoneState', 50, replayZoneState);
  testKind<NoScheduleIn, { readonly taints: readonly string[] }>('noSchedule', 40, replayNoSchedule);
  testKind<EvictionIn, { readonly deleted: Readonly<Record<string, number | null>> }>('eviction', 80, replayEviction);
  testKind<LifecycleIn, { readonly changes: readonly LifecycleChange[] }>(
    'lifecycle', 10, replayLifecycle, ({ nodes }) => nodes.every((node) => node.notReadyFrom === undefined),
  );
});
