import { testRecordedSuite } from '../support/control-plane-vectors.ts';

testRecordedSuite('priority-preemption-pdb', ['status', 'eviction', 'priority']);
