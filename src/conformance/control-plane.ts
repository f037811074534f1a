/**
 * Replays recorded answers of upstream's control-plane code against ours: one case in, both answers out. Pure: reading
 * the recordings is the caller's part. A suite stands in a file of its own and in the list below; a kind that no suite
 * names is not covered (`canReplayControlPlaneCase` tells beforehand), and is never counted as equal.
 */
import { canonicalJson } from './canonical-json.ts';
import { ONLY_UTC } from '../controllers/zoned-time.ts';
import { CONTROLLER_REPLAYS } from './controller-replays.ts';
import { CRON_SUITE } from './cron-replay.ts';
import { DISRUPTION_SUITE } from './disruption-replay.ts';
import { POD_RANKING_SUITE } from './pod-ranking-replay.ts';
import { POD_REQUESTS_SUITE } from './pod-requests-replay.ts';
import { QUANTITY_SUITE } from './quantity-replay.ts';
import { QUOTA_SUITE } from './quota-replay.ts';
import type { Fields, KindReplay, ReplayContext, SuiteReplay } from './recorded-fields.ts';
import { SELECTORS_SUITE } from './selectors-replay.ts';
import { TAINT_EVICTION_SUITE } from './taint-eviction-replay.ts';

/** Add a suite here. */
const SUITES: readonly SuiteReplay[] = [
  QUANTITY_SUITE, SELECTORS_SUITE, POD_REQUESTS_SUITE, DISRUPTION_SUITE, POD_RANKING_SUITE, TAINT_EVICTION_SUITE,
  QUOTA_SUITE, CRON_SUITE,
];

/** One line of a recording after its header. */
export interface RecordedCase {
  readonly id: string;
  readonly kind: string;
  readonly in: unknown;
  readonly out: unknown;
}

export interface ReplayedCase {
  readonly equal: boolean;
  readonly expected: unknown;
  readonly got: unknown;
}

/** By `suite/kind`. */
const REPLAYS: ReadonlyMap<string, KindReplay> = new Map<string, KindReplay>([
  ...SUITES.flatMap(({ suite, kinds }) =>
    Object.entries(kinds).map(([kind, replay]): [string, KindReplay] => [`${suite}/${kind}`, replay])),
  ...[...CONTROLLER_REPLAYS].map(([key, got]): [string, KindReplay] => [key, { got }]),
]);

export function canReplayControlPlaneCase(suite: string, kind: string): boolean {
  return REPLAYS.has(`${suite}/${kind}`);
}

export function replayControlPlaneCase(
  suite: string, recorded: RecordedCase, context: ReplayContext = { timeZones: ONLY_UTC },
): ReplayedCase {
  const replay = REPLAYS.get(`${suite}/${recorded.kind}`);
  if (replay === undefined)
    throw new RangeError(`no replay for kind ${JSON.stringify(recorded.kind)} of suite ${suite}`);
  const out = recorded.out as Fields;
  const expected = replay.expected === undefined ? out : replay.expected(out);
  const got = replay.got(recorded.in as Fields, out, context);
  return { equal: canonicalJson(expected) === canonicalJson(got), expected, got };
}
