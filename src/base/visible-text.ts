/**
 * Text that somebody else wrote, made fit for a terminal: what would move the cursor, change colours or turn the
 * direction of writing is shown as an escape, what is too long for a message is cut in its middle.
 */

/** Control characters; marks that turn or isolate the direction of text; separators of lines; halves of a character. */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
const MOST_WORD = 240;
const MOST_MESSAGE = 1200;

/** Tabs and line ends become spaces, everything else that cannot be seen becomes `\u001b` and the like. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, escapeOf);
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code >= 9 && code <= 13 ? ' ' : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * One line that can be read: paths and names longer than a screen is wide are cut in their middle, and so is the
 * whole.
 */
export function messageLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const words = lines.filter((line) => line !== '').join(' ').split(' ');
  return shortened(words.map((word) => shortened(visibleText(word), MOST_WORD)).join(' '), MOST_MESSAGE);
}

/** `most` characters of a longer text: its beginning and its end. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor(most / 3);
  return `${whole(text.slice(0, most - tail))}...${whole(text.slice(-tail))}`;
}

/** Without halves of characters at the ends. */
function whole(text: string): string {
  return text.replace(/^\p{Surrogate}|\p{Surrogate}$/gu, '');
}
