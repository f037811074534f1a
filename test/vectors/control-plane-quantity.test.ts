import { testRecordedSuite } from '../support/control-plane-vectors.ts';

testRecordedSuite('quantity', ['parse', 'arith', 'roundUp', 'make']);
