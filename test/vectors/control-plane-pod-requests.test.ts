import { testRecordedSuite } from '../support/control-plane-vectors.ts';

testRecordedSuite('pod-requests', ['podRequests']);
