/**
 * Runs recorded control-plane cases as tests. The recordings are not part of this repository: where the folder is
 * missing, the suite reports itself as skipped and says so.
 */
import { describe, expect, test } from 'vitest';
import { canReplayControlPlaneCase, replayControlPlaneCase } from '../../src/conformance/control-plane.ts';
import type { RecordedCase } from '../../src/conformance/control-plane.ts';
import { timeZones } from '../../src/io/time-zones.ts';
import { recordingText } from './recordings.ts';

interface RecordingHeader {
  readonly format: string;
  readonly suite: string;
  readonly kubernetes: string;
  readonly cases: number;
}

interface Recording {
  readonly header: RecordingHeader;
  readonly cases: readonly RecordedCase[];
}

/** So many differing cases are shown; the count tells the rest. */
const SHOWN_DIFFERENCES = 5;

/** One test for each of `kinds`, which the recording must hold and a replay must know. */
export function testRecordedSuite(suite: string, kinds: readonly string[]): void {
  const text = recordingText(`control-plane/${suite}.jsonl`);
  if (text === null) {
    describe(`recorded suite ${suite}`, () => {
      test.skip(`skipped: no recording of suite ${suite} beside this checkout`, () => undefined);
    });
    return;
  }
  describe(`recorded suite ${suite}`, () => {
    const recording = recordingOf(text);
    test('the recording is whole', () => {
      expect(recording.header).toMatchObject({ format: 'podyard-vectors/1', suite, cases: recording.cases.length });
      expect([...new Set(recording.cases.map((recorded) => recorded.kind))]).toEqual(expect.arrayContaining([...kinds]));
    });
    for (const kind of kinds) {
      const cases = recording.cases.filter((recorded) => recorded.kind === kind);
      test(`${kind}: all ${cases.length} recorded answers are ours, too`, () => {
        expect(canReplayControlPlaneCase(suite, kind)).toBe(true);
        const differing = cases
          .map((recorded) => ({ recorded, replayed: replayControlPlaneCase(suite, recorded, { timeZones }) }))
          .filter(({ replayed }) => !replayed.equal);
        const shown = differing.slice(0, SHOWN_DIFFERENCES).map(({ recorded, replayed }) => ({ id: recorded.id, in: recorded.in, ...replayed }));
        expect({ differing: differing.length, shown }).toEqual({ differing: 0, shown: [] });
      });
    }
  });
}

function recordingOf(text: string): Recording {
  const [first, ...lines] = text.trimEnd().split('\n');
  return { header: JSON.parse(first) as RecordingHeader, cases: lines.map((line) => JSON.parse(line) as RecordedCase) };
}
