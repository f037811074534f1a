// When a silent node is found: over all phases of its lease and of the crash, with upstream's periods.
import { expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { NodeLifecycle } from '../../src/controllers/node-lifecycle.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { LIFECYCLE } from '../support/node-life.ts';

/** Seconds at which a node with this lease phase is found silent after a crash; the heartbeats are played one by one. */
function playedDetection(phaseSeconds: number, crashSeconds: number): number {
  let seenAt = 0;
  let hasRenewed = false;
  for (let now = 0; ; now++) {
    if (now < crashSeconds && now % 10 === phaseSeconds) hasRenewed = true;
    if (now % 5 !== 0) continue;
    if (hasRenewed) seenAt = now;
    else if (now > seenAt + 50) return now;
    hasRenewed = false;
  }
}

function ourDetection(phaseSeconds: number, crashSeconds: number): number {
  const kernel = new Kernel({ seed: 'detection' });
  const cluster = new Cluster(kernel);
  new NodeLifecycle(kernel, cluster, LIFECYCLE, () => phaseSeconds * MICROS_PER_SECOND);
  cluster.addNode({ metadata: { name: 'n' } });
  let found = NaN;
  cluster.observe({ nodeUpdated: () => void (found = Number.isNaN(found) ? kernel.now / MICROS_PER_SECOND : found) });
  const crash = kernel.defineEvent('crash', 0, () => cluster.setNodeHealth(0, false));
  kernel.at(crashSeconds * MICROS_PER_SECOND, crash);
  kernel.run({ until: (crashSeconds + 100) * MICROS_PER_SECOND });
  return found;
}

test('is the same as with every heartbeat and pass played, 45 to 60 s after the crash', () => {
  let least = Infinity;
  let most = 0;
  for (let phase = 0; phase < 10; phase++) {
    for (let crash = 100; crash < 120; crash++) {
      const found = ourDetection(phase, crash);
      expect({ phase, crash, found }).toEqual({ phase, crash, found: playedDetection(phase, crash) });
      least = Math.min(least, found - crash);
      most = Math.max(most, found - crash);
    }
  }
  expect([least, most]).toEqual([45, 58]);
});
