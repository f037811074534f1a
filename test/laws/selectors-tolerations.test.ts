import { describe, expect, test } from 'vitest';
import { findUntolerated, mergeTolerations, tolerates } from '../../src/cluster/tolerations.ts';

const taint = { key: 'gpu', value: 'a100', effect: 'NoSchedule' };

describe('tolerations', () => {
  test('an empty operator means Equal; Exists ignores the value', () => {
    expect(tolerates({ key: 'gpu', value: 'a100' }, taint)).toBe(true);
    expect(tolerates({ key: 'gpu', operator: 'Equal', value: 'h100' }, taint)).toBe(false);
    expect(tolerates({ key: 'gpu', operator: 'Exists', value: 'h100' }, taint)).toBe(true);
    expect(tolerates({ key: 'gpu' }, { key: 'gpu', effect: 'NoSchedule' })).toBe(true);
  });

  test('an empty key or effect stands for any, even an empty key with Equal', () => {
    expect(tolerates({ operator: 'Exists' }, taint)).toBe(true);
    expect(tolerates({ operator: 'Equal', value: 'a100' }, taint)).toBe(true);
    expect(tolerates({ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }, taint)).toBe(false);
    expect(tolerates({ key: 'gpu', operator: 'Near' }, taint)).toBe(false);
  });

  test('Gt and Lt compare taint to toleration, only behind the feature gate and only canonical integers', () => {
    const cores = { key: 'cores', value: '16', effect: 'NoSchedule' };
    const gate = { comparisonOperators: true };
    const compare = (operator: string, value: string): boolean => tolerates({ key: 'cores', operator, value }, cores, gate);
    expect([compare('Gt', '8'), compare('Gt', '16'), compare('Lt', '17'), compare('Gt', '08'), compare('Gt', '+8'), compare('Gt', '-9223372036854775809')]).toEqual(
      [true, false, true, false, false, false],
    );
    expect(tolerates({ key: 'cores', operator: 'Gt', value: '8' }, cores)).toBe(false);
  });

  test('the first taint that counts and is not tolerated is named', () => {
    const taints = [{ key: 'soft', effect: 'PreferNoSchedule' }, taint, { key: 'sick', effect: 'NoExecute' }];
    expect(findUntolerated(taints, [], ['NoSchedule', 'NoExecute'])).toBe(taint);
    expect(findUntolerated(taints, [{ key: 'gpu', operator: 'Exists' }], ['NoSchedule', 'NoExecute'])?.key).toBe('sick');
    expect(findUntolerated(taints, [{ operator: 'Exists' }], ['NoSchedule', 'NoExecute'])).toBeUndefined();
  });

  test('merging drops what another toleration covers and keeps the first of equal ones', () => {
    const wide = { key: 'gpu', operator: 'Exists' };
    const narrow = { key: 'gpu', operator: 'Equal', value: 'a100', effect: 'NoSchedule' };
    const timed = { key: 'sick', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 };
    expect(mergeTolerations([narrow], [wide])).toEqual([wide]);
    expect(mergeTolerations([wide, timed], [narrow, { ...timed }])).toEqual([wide, timed]);
    expect(mergeTolerations([{ ...timed, tolerationSeconds: 90 }], [timed])).toEqual([{ ...timed, tolerationSeconds: 90 }]);
  });
});
