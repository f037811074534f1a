// The shape that the house is to keep: classes with few fields.
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { filesBelow } from '../support/tracked-files.ts';

const MOST_FIELDS = 20;

/**
 * Classes above the stop, with what they have: they may only shrink. PodTable, WorkloadTable and ObserverLists are tables:
 * each column, and each notice, is a field (docs/architecture.md).
 */
const ABOVE: Readonly<Record<string, number>> = {
  CachedScan: 21,
  ObserverLists: 22,
  PodTable: 30,
  WorkloadTable: 36,
};

const sources = filesBelow('src', '.ts').map((file) => ({ file, text: readFileSync(file, 'utf8') }));

function fieldsByClass(): Map<string, number> {
  const found = new Map<string, number>();
  for (const { file, text } of sources) {
    const visit = (node: ts.Node): void => {
      if (ts.isClassDeclaration(node) && node.name !== undefined)
        found.set(node.name.text, node.members.filter((member) => ts.isPropertyDeclaration(member)).length);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  return found;
}

test('no class has more fields than one can hold in mind', () => {
  const fields = fieldsByClass();
  expect(fields.size).toBeGreaterThan(200);
  const above = [...fields].filter(([, count]) => count > MOST_FIELDS);
  expect(Object.fromEntries(above)).toEqual(ABOVE);
});
