/**
 * The text form of label selectors, `a=b,c!=d,e in (x,y),!f,g,h>5`: split into tokens, then read by recursive descent.
 * `in` and `notin` are words of the grammar only behind a key; elsewhere they are ordinary names.
 * Source: staging/src/k8s.io/apimachinery/pkg/labels/selector.go (v1.36.3).
 */
import { SelectorError, isLabelKey, labelRequirement, sortedTexts } from './label-requirements.ts';
import type { LabelRequirement, RequirementOperator } from './label-requirements.ts';

interface Token {
  readonly kind: 'symbol' | 'word' | 'end';
  readonly text: string;
}

const END: Token = { kind: 'end', text: '' };
const SYMBOL_PATTERN = /^(?:==|!=|[=!(),<>])/;
const WORD_PATTERN = /^[^=!(),<> \t\r\n]+/;
const SPACE_PATTERN = /^[ \t\r\n]+/;

const OPERATOR_BY_TEXT: ReadonlyMap<string, RequirementOperator> = new Map([
  ['in', 'in'], ['notin', 'notin'], ['=', '='], ['==', '=='], ['!=', '!='], ['>', 'gt'], ['<', 'lt'],
]);

/** The requirements of a selector text in the order written; throws SelectorError. */
export function parseRequirements(text: string): LabelRequirement[] {
  return new RequirementReader(text).read();
}

/** Reads tokens one by one; lives for one text. */
class RequirementReader {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  read(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#peek().kind === 'end') return requirements;
    for (;;) {
      requirements.push(this.#requirement());
      const token = this.#take();
      if (token.kind === 'end') return requirements;
      if (!isSymbol(token, ',')) throw unexpected(token, '"," or the end');
    }
  }

  #requirement(): LabelRequirement {
    const isNegated = isSymbol(this.#peek(), '!');
    if (isNegated) this.#take();
    const key = this.#take();
    if (key.kind !== 'word') throw unexpected(key, 'a label key');
    if (!isLabelKey(key.text)) throw new SelectorError([`${JSON.stringify(key.text)} is not a label key`]);
    if (isNegated) return labelRequirement(key.text, '!', []);
    const next = this.#peek();
    if (next.kind === 'end' || isSymbol(next, ',')) return labelRequirement(key.text, 'exists', []);
    const operator = OPERATOR_BY_TEXT.get(this.#take().text);
    if (operator === undefined) throw unexpected(next, 'one of = == != in notin > <');
    const values = operator === 'in' || operator === 'notin' ? this.#valueList() : [this.#exactValue()];
    return labelRequirement(key.text, operator, sortedTexts(values));
  }

  /** One value; nothing before a comma or the end means the empty value. */
  #exactValue(): string {
    const token = this.#peek();
    if (token.kind === 'end' || isSymbol(token, ',')) return '';
    if (token.kind !== 'word') throw unexpected(token, 'a value');
    return this.#take().text;
  }

  /** `(x,,y)`: nothing between commas or beside a parenthesis means the empty value. */
  #valueList(): string[] {
    const open = this.#take();
    if (!isSymbol(open, '(')) throw unexpected(open, '"("');
    const values = new Set<string>();
    for (;;) {
      const token = this.#take();
      values.add(token.kind === 'word' ? token.text : '');
      const separator = token.kind === 'word' ? this.#take() : token;
      if (isSymbol(separator, ')')) return [...values];
      if (!isSymbol(separator, ',')) throw unexpected(separator, '"," or ")"');
    }
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? END;
  }

  #take(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  // Upstream's lexer takes a zero byte for the end of the text.
  let rest = text.split('\0', 1)[0];
  while (rest !== '') {
    const space = SPACE_PATTERN.exec(rest);
    const match = space ?? SYMBOL_PATTERN.exec(rest) ?? WORD_PATTERN.exec(rest);
    if (match === null) break;
    if (space === null) tokens.push({ kind: SYMBOL_PATTERN.test(match[0]) ? 'symbol' : 'word', text: match[0] });
    rest = rest.slice(match[0].length);
  }
  return tokens;
}

function isSymbol(token: Token, text: string): boolean {
  return token.kind === 'symbol' && token.text === text;
}

function unexpected(token: Token, expected: string): SelectorError {
  const found = token.kind === 'end' ? 'the end' : JSON.stringify(token.text);
  return new SelectorError([`expected ${expected}, found ${found}`]);
}
