// Recorded answers of the workload controllers, replayed by the controllers of a run.
import { testRecordedSuite } from '../support/control-plane-vectors.ts';

testRecordedSuite('deployment', ['fenceposts', 'newReplicas', 'proportion', 'rollout']);
testRecordedSuite('statefulset', ['sequence']);
testRecordedSuite('daemon', ['shouldRun', 'sequence']);
testRecordedSuite('job', ['sequence']);
testRecordedSuite('cron', ['sequence']);
