/** The imports of a TypeScript file: static, type-only, re-exports, `import('...')` as expression and as type. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface SourceImport {
  readonly specifier: string;
  /** Counts from 1. */
  readonly line: number;
  readonly typeOnly: boolean;
}

const parsed = new Map<string, readonly SourceImport[]>();

export function importsOf(file: string): readonly SourceImport[] {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, false);
  // Without the word there is none below the statements themselves; few files have it.
  const isDeep = /\bimport\s*\(/.test(text);
  const found: SourceImport[] = [];
  const visit = (node: ts.Node): void => {
    const literal = specifierOf(node);
    if (literal !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      found.push({ specifier: literal.text, line, typeOnly: isTypeOnly(node) });
    }
    if (isDeep || node === source) ts.forEachChild(node, visit);
  };
  visit(source);
  parsed.set(file, found);
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) return literalOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literalOf(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return literalOf(node.arguments[0]);
  return undefined;
}

function literalOf(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined;
}

/** `import { type A, type B }` counts as type-only, too: nothing of it is left after compilation but the bare import. */
function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) {
    return node.isTypeOnly || (node.exportClause !== undefined && ts.isNamedExports(node.exportClause) && node.exportClause.elements.every((element) => element.isTypeOnly));
  }
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  if (node.importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = node.importClause.namedBindings;
  return node.importClause.name === undefined && bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}
