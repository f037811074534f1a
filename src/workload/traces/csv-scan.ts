/** Cutting one well-formed CSV record, quotes and all, out of a text. Anything odd is left to csv-parse. */

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const COMMA = 44;

/**
 * Appends the fields of the record that begins at `start`. Gives the offset behind its line end, or -1 when it is not
 * well-formed.
 */
export function scanRecord(text: string, start: number, fields: string[]): number {
  let at = start;
  for (;;) {
    at = text.charCodeAt(at) === QUOTE ? scanQuoted(text, at, fields) : scanPlain(text, at, fields);
    if (at === -1) return -1;
    // NaN: the text ends with this field.
    const code = text.charCodeAt(at);
    if (code === COMMA) at++;
    else if (code === LINE_FEED) return at + 1;
    else if (code === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED) return at + 2;
    else return at === text.length ? at : -1;
  }
}

/** A field in quotes: offset behind the closing one; -1 when there is none. */
function scanQuoted(text: string, start: number, fields: string[]): number {
  let close = text.indexOf('"', start + 1);
  let hasQuotes = false;
  while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) {
    hasQuotes = true;
    close = text.indexOf('"', close + 2);
  }
  if (close === -1) return -1;
  const content = text.slice(start + 1, close);
  fields.push(hasQuotes ? content.replaceAll('""', '"') : content);
  return close + 1;
}

/**
 * A field without quotes: offset of what ends it; -1 when it holds a quote. A carriage return ends it only before a
 * line feed.
 */
function scanPlain(text: string, start: number, fields: string[]): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === LINE_FEED) break;
    if (code === QUOTE) return -1;
  }
  if (
    at > start &&
    at < text.length &&
    text.charCodeAt(at) === LINE_FEED &&
    text.charCodeAt(at - 1) === CARRIAGE_RETURN
  )
    at--;
  fields.push(text.slice(start, at));
  return at;
}

/** The offset of the first record at or behind `at`: blank lines are stepped over. */
export function skipBlankLines(text: string, at: number): number {
  for (;;) {
    if (text.charCodeAt(at) === LINE_FEED) at++;
    else if (text.charCodeAt(at) === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED) at += 2;
    else return at;
  }
}

export function countLineFeeds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
