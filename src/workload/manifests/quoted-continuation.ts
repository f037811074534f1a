/**
 * Quoted YAML text may go on in the next line at any indentation for libyaml and go-yaml, hence for kubectl; YAML 1.2
 * asks for more than the key's. This indents such lines. Their leading blanks are no part of the text, so it stays the
 * same. One pass; made for texts that the strict parser has refused, and tried there only.
 */

/** undefined: nothing to indent, or a quote that is not closed. */
export function indentQuotedLines(text: string): string | undefined {
  const scan = new QuoteScan(text);
  if (!scan.run() || scan.inserts.length === 0) return undefined;
  let result = '';
  let from = 0;
  for (const { at, blanks } of scan.inserts) {
    result += text.slice(from, at) + ' '.repeat(blanks);
    from = at;
  }
  return result + text.slice(from);
}

class QuoteScan {
  readonly inserts: { readonly at: number; readonly blanks: number }[] = [];
  private readonly text: string;
  private at = 0;
  private lineStart = 0;
  private flowDepth = 0;
  /** Column of the key or dash that what comes next belongs to. */
  private parentColumn = 0;
  /** Column that the lines of a block text stand behind; -1: none is open. */
  private blockColumn = -1;

  constructor(text: string) {
    this.text = text;
  }

  run(): boolean {
    while (this.at < this.text.length) {
      this.lineStart = this.at;
      while (this.text[this.at] === ' ') this.at++;
      const isEmpty = this.isLineEnd(this.at);
      if (this.blockColumn >= 0 && !isEmpty && this.at - this.lineStart <= this.blockColumn) this.blockColumn = -1;
      if (this.blockColumn < 0 && !isEmpty && !this.scanLine()) return false;
      const end = this.text.indexOf('\n', this.at);
      this.at = end === -1 ? this.text.length : end + 1;
    }
    return true;
  }

  private isLineEnd(at: number): boolean {
    return at >= this.text.length || this.text[at] === '\n' || this.text[at] === '\r';
  }

  private isBreak(at: number): boolean {
    return this.isLineEnd(at) || this.text[at] === ' ' || this.text[at] === '\t';
  }

  /** From the first word of a line to its end, or to the end of the line on which a quoted text ends. */
  private scanLine(): boolean {
    let startsWord = true;
    while (!this.isLineEnd(this.at)) {
      const start = this.at;
      const letter = this.text[start];
      if (letter === ' ' || letter === '\t') this.at++;
      else if (letter === '#' && (start === this.lineStart || this.isBreak(start - 1))) return true;
      else if (this.flowDepth > 0 && ',]}'.includes(letter)) {
        if (letter !== ',') this.flowDepth--;
        startsWord = letter === ',';
        this.at++;
      } else if (letter === ':' && this.isBreak(start + 1)) {
        startsWord = true;
        this.at++;
      } else if (!startsWord) this.at++;
      else if ((letter === '-' || letter === '?') && this.flowDepth === 0 && this.isBreak(start + 1)) {
        this.parentColumn = start - this.lineStart;
        this.at++;
      } else if (letter === '[' || letter === '{') {
        this.flowDepth++;
        this.at++;
      } else if (letter === '&' || letter === '!') this.skipWhile(() => !this.isBreak(this.at));
      else if ((letter === '|' || letter === '>') && this.flowDepth === 0) {
        this.blockColumn = this.parentColumn;
        return true;
      } else {
        if (letter === '"' || letter === "'") {
          if (!this.skipQuoted(letter)) return false;
        } else this.skipWhile(() => !this.endsPlain());
        startsWord = false;
        this.noteKey(start);
      }
    }
    return true;
  }

  /** A word before a colon is a key: what follows belongs to its column. */
  private noteKey(start: number): void {
    let after = this.at;
    while (this.text[after] === ' ') after++;
    if (this.flowDepth === 0 && this.text[after] === ':' && this.isBreak(after + 1) && start >= this.lineStart)
      this.parentColumn = start - this.lineStart;
  }

  private endsPlain(): boolean {
    const letter = this.text[this.at];
    if (letter === ':') return this.isBreak(this.at + 1);
    if (letter === '#') return this.isBreak(this.at - 1);
    return this.flowDepth > 0 && ',[]{}'.includes(letter);
  }

  private skipWhile(holds: () => boolean): void {
    while (!this.isLineEnd(this.at) && holds()) this.at++;
  }

  /** false: the quote is not closed. */
  private skipQuoted(quote: string): boolean {
    const { text } = this;
    for (let at = this.at + 1; at < text.length; at++) {
      const letter = text[at];
      if (letter === '\\' && quote === '"') at++;
      else if (letter === quote) {
        if (quote === "'" && text[at + 1] === quote) at++;
        else {
          this.at = at + 1;
          return true;
        }
      } else if (letter === '\n') this.lineGoesOn(at + 1);
    }
    return false;
  }

  /** A line that starts within quotes. */
  private lineGoesOn(lineStart: number): void {
    let at = lineStart;
    while (this.text[at] === ' ' || this.text[at] === '\t') at++;
    this.lineStart = lineStart;
    const wanted = this.parentColumn + 2;
    if (!this.isLineEnd(at) && at - lineStart < wanted - 1)
      this.inserts.push({ at: lineStart, blanks: wanted - (at - lineStart) });
  }
}
