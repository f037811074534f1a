// Recorded answers of controllers and admission that watch over other objects, replayed by the code of a run.
import { testRecordedSuite } from '../support/control-plane-vectors.ts';

testRecordedSuite('pod-ranking', ['compare', 'sorted', 'victims', 'plain']);
testRecordedSuite('taint-eviction', ['zoneState', 'noSchedule', 'eviction', 'lifecycle']);
testRecordedSuite('quota', ['usage', 'admit', 'services', 'claims']);
