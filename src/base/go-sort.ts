/**
 * Sorting as Go's sort.Slice does (Go 1.26, src/sort/zsortfunc.go: pattern-defeating quicksort). That sort is not
 * stable, and upstream hands it comparisons that are no strict order, so what comes out depends on which pairs are
 * compared in which sequence. goSort compares the same pairs and leaves the same permutation. O(n log n) comparisons
 * whatever they answer; any comparison is safe, even a contradictory one.
 */

type Less<T> = (a: T, b: T) => boolean;

/** Items from `start` up to but not including `end` that wait to be sorted. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Lopsided splits that are still put up with before the heap takes over. */
  readonly patience: number;
  /** The split that left this stretch over was even; it found all items on their sides. True where there was none. */
  readonly even: boolean;
  readonly untouched: boolean;
}

const INSERTION_AT_MOST = 12;
/** From here on the pivot is a median of three medians of three, and single faults are mended. */
const LONG_FROM = 50;
const FAULTS_MENDED = 5;
/** Exchanges while a pivot is sought that show a falling sequence: all comparisons of four medians. */
const EXCHANGES_WHEN_FALLING = 12;

export function goSort<T>(items: T[], less: Less<T>): void {
  const waiting: Stretch[] = [
    { start: 0, end: items.length, patience: bitLength(items.length), even: true, untouched: true },
  ];
  for (let stretch = waiting.pop(); stretch !== undefined; stretch = waiting.pop())
    sortOrSplit(items, less, stretch, waiting);
}

/** Sorts the stretch, or splits it and leaves the parts on `waiting`, the smaller one on top. */
function sortOrSplit<T>(items: T[], less: Less<T>, stretch: Stretch, waiting: Stretch[]): void {
  const { start, end, even, untouched } = stretch;
  if (end - start <= INSERTION_AT_MOST) {
    for (let i = start + 1; i < end; i++) sink(items, less, i, start);
    return;
  }
  if (stretch.patience === 0) {
    sortByHeap(items, less, start, end);
    return;
  }
  if (!even) scatter(items, start, end);
  const patience = even ? stretch.patience : stretch.patience - 1;
  let { pivot, exchanges } = seekPivot(items, less, start, end);
  if (exchanges === EXCHANGES_WHEN_FALLING) {
    reverse(items, start, end);
    pivot = start + end - 1 - pivot;
    exchanges = 0;
  }
  if (even && untouched && exchanges === 0 && mendFaults(items, less, start, end)) return;
  swap(items, start, pivot);
  if (start > 0 && !less(items[start - 1], items[start])) {
    // Nothing here is less than what stands before, so the pivot is the least: its equals go to the left and are done.
    waiting.push({ ...stretch, start: gatherEquals(items, less, start, end), patience });
    return;
  }
  waiting.push(...splitAtPivot(items, less, start, end, patience));
}

/** The pivot stands first. Splits into less and not less around it; the smaller part comes last. */
function splitAtPivot<T>(
  items: T[],
  less: Less<T>,
  start: number,
  end: number,
  patience: number,
): readonly [Stretch, Stretch] {
  const pivot = items[start];
  const { border, untouched } = divide(items, start + 1, end, (item) => less(item, pivot));
  const middle = border - 1;
  swap(items, start, middle);
  // The pivot's own place counts as part of the right side here.
  const even = Math.min(middle - start, end - middle) >= Math.floor((end - start) / 8);
  const leftIsSmaller = middle - start < end - middle;
  const left = { start, end: middle };
  const right = { start: border, end };
  const smaller = { ...(leftIsSmaller ? left : right), patience, even: true, untouched: true };
  return [{ ...(leftIsSmaller ? right : left), patience, even, untouched }, smaller];
}

/** The pivot stands first and is the least. Returns where the items greater than it begin. */
function gatherEquals<T>(items: T[], less: Less<T>, start: number, end: number): number {
  const pivot = items[start];
  return divide(items, start + 1, end, (item) => !less(pivot, item)).border;
}

/**
 * From both ends inwards, exchanges pairs on the wrong side. `border`: the first item that does not belong to the left.
 */
function divide<T>(
  items: T[],
  start: number,
  end: number,
  belongsLeft: (item: T) => boolean,
): { readonly border: number; readonly untouched: boolean } {
  let untouched = true;
  for (let low = start, high = end - 1; ; low++, high--) {
    while (low <= high && belongsLeft(items[low])) low++;
    while (low <= high && !belongsLeft(items[high])) high--;
    if (low > high) return { border: low, untouched };
    swap(items, low, high);
    untouched = false;
  }
}

/**
 * A position near the middle of the order. No exchange on the way hints at rising items, the greatest number at falling
 * ones.
 */
function seekPivot<T>(
  items: T[],
  less: Less<T>,
  start: number,
  end: number,
): { readonly pivot: number; readonly exchanges: number } {
  const quarter = Math.floor((end - start) / 4);
  let exchanges = 0;
  const median = (first: number, second: number, third: number): number => {
    let low = first;
    let middle = second;
    if (less(items[middle], items[low])) {
      [low, middle] = [middle, low];
      exchanges++;
    }
    if (less(items[third], items[middle])) {
      middle = third;
      exchanges++;
    }
    if (!less(items[middle], items[low])) return middle;
    exchanges++;
    return low;
  };
  const around = (place: number): number => (end - start < LONG_FROM ? place : median(place - 1, place, place + 1));
  const pivot = median(around(start + quarter), around(start + 2 * quarter), around(start + 3 * quarter));
  return { pivot, exchanges };
}

/** Puts up to five items that are out of order in their places, in long stretches only. true: all is in order. */
function mendFaults<T>(items: T[], less: Less<T>, start: number, end: number): boolean {
  let place = start + 1;
  for (let fault = 0; fault < FAULTS_MENDED; fault++) {
    while (place < end && !less(items[place], items[place - 1])) place++;
    if (place === end) return true;
    if (end - start < LONG_FROM) return false;
    swap(items, place, place - 1);
    // Upstream lets the lesser one sink below the stretch's own start if the comparison says so.
    if (place - start >= 2) sink(items, less, place - 1, 0);
    if (end - place >= 2) rise(items, less, place, end);
  }
  return false;
}

/** Moves an item down past those before it that it is less than, not below `floor`. */
function sink<T>(items: T[], less: Less<T>, from: number, floor: number): void {
  const item = items[from];
  let place = from;
  for (; place > floor && less(item, items[place - 1]); place--) items[place] = items[place - 1];
  items[place] = item;
}

/** Moves an item up past those after it that are less than it. */
function rise<T>(items: T[], less: Less<T>, from: number, end: number): void {
  const item = items[from];
  let place = from;
  for (; place + 1 < end && less(items[place + 1], item); place++) items[place] = items[place + 1];
  items[place] = item;
}

function sortByHeap<T>(items: T[], less: Less<T>, start: number, end: number): void {
  const size = end - start;
  for (let root = Math.floor((size - 1) / 2); root >= 0; root--) siftDown(items, less, start, root, size);
  for (let left = size - 1; left >= 0; left--) {
    swap(items, start, start + left);
    siftDown(items, less, start, 0, left);
  }
}

/** `root` and `size` count from `start`, where the heap's greatest item stands. */
function siftDown<T>(items: T[], less: Less<T>, start: number, root: number, size: number): void {
  const item = items[start + root];
  let place = root;
  for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
    if (child + 1 < size && less(items[start + child], items[start + child + 1])) child++;
    if (!less(item, items[start + child])) break;
    items[start + place] = items[start + child];
    place = child;
  }
  items[start + place] = item;
}

/** Exchanges three items near the middle with ones picked by a xorshift generator that the length seeds. */
function scatter<T>(items: T[], start: number, end: number): void {
  const length = end - start;
  const mask = BigInt((1 << bitLength(length)) - 1);
  const middle = start + 2 * Math.floor(length / 4);
  let random = BigInt(length);
  for (let place = middle - 1; place <= middle + 1; place++) {
    random ^= BigInt.asUintN(64, random << 13n);
    random ^= random >> 7n;
    random ^= BigInt.asUintN(64, random << 17n);
    const pick = Number(random & mask);
    swap(items, place, start + (pick < length ? pick : pick - length));
  }
}

function reverse<T>(items: T[], start: number, end: number): void {
  for (let low = start, high = end - 1; low < high; low++, high--) swap(items, low, high);
}

function swap<T>(items: T[], a: number, b: number): void {
  const item = items[a];
  items[a] = items[b];
  items[b] = item;
}

/** Binary digits of a number: 0 for 0. */
function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}
