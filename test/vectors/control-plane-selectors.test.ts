import { testRecordedSuite } from '../support/control-plane-vectors.ts';

testRecordedSuite('selectors', ['parse', 'labelSelector', 'nodeSelector', 'podNode', 'preferred']);
