/**
 * Pending events from a horizon on, sorted no finer than needed: a timing wheel in levels. Each level cuts a window of
 * time into 1024 bins; a bin is a list of entries (time, row) in the order they came. When events are asked for, the
 * first bin that holds any is dealt out to the next finer level, which gets that bin as its window, and so on down to
 * the finest level, whose first bin is handed over as a whole; then the horizon moves to the end of that bin.
 *
 * Entries lie in chunks of one cache line each, apart from the rows: what comes is written to the end of a list, what
 * is dealt out is read a line at a time, and the row is not touched. So an event costs O(1) when it comes and O(1) a
 * level on its way down, whatever the number pending, with a cache miss for every few events at each step; a heap and a
 * hash of everything pending cost several for every event.
 *
 * Costs: 13 bytes an entry where bins are well filled, 64 where an entry is alone in its bin, 33 KiB for the bins.
 * Chunks grow by doubling and never shrink; freed ones are reused.
 *
 * Invariants: no event here lies before the horizon, which never moves back. Windows of finer levels end no later than
 * those of coarser ones; an event comes to the finest level whose window ends after it. A window moves only while its
 * level is empty. So all events of one time are in one bin, in the order they came.
 */
import { lowestBit } from '../base/bits.ts';
import type { Micros } from '../base/time.ts';

const NONE = -1;
/** 2^13 to 2^43 microseconds (8 ms, 8 s, 2.4 h, 102 days) by level: the last window is all of time, 2^53. */
const WIDTHS: readonly Micros[] = [0x2000, 0x80_0000, 0x2_0000_0000, 0x800_0000_0000];
const BIN_COUNT = 1024;
const WORD_COUNT = BIN_COUNT / 32;

/**
 * Layout of a chunk: five times, five rows, and the next chunk of its bin or of the free ones. An entry is named by its
 * index in `times`: chunk * 8 + place.
 */
const CHUNK_BITS = 3;
const PLACE_MASK = 7;
const CHUNK_ENTRIES = 5;
const CHUNK_TIMES = 8;
const CHUNK_CELLS = 16;
const ROWS = 10;
const LINK = 15;
const INITIAL_CHUNKS = 16;

export class FarEvents {
  /** Events before this time belong elsewhere. Moved by `open` only. */
  horizon: Micros = 0;

  /** By level, the finest first: bins in a microsecond, and the window. */
  private readonly perMicro = Float64Array.from(WIDTHS, (width) => 1 / width);
  private readonly starts = new Float64Array(WIDTHS.length);
  private readonly ends = Float64Array.from(WIDTHS, (width) => width * BIN_COUNT);
  /** First and last entry of a bin: (level * BIN_COUNT + bin) * 2, and one on. Stale for an empty bin. */
  private readonly bins = new Int32Array(WIDTHS.length * BIN_COUNT * 2);
  /** A bit for each bin that holds an entry, one for each word of those that is not 0, and one for each such level. */
  private readonly binWords = new Int32Array(WIDTHS.length * WORD_COUNT);
  private readonly wordBits = new Int32Array(WIDTHS.length);
  private levelBits = 0;

  /** Two views of the same memory. */
  private times = new Float64Array(INITIAL_CHUNKS * CHUNK_TIMES);
  private cells = new Int32Array(this.times.buffer);
  private chunkHighWater = 0;
  private freeChunk = NONE;
  /** Where the list ends that is being read. */
  private endOfList = NONE;

  get allocatedBytes(): number {
    return this.bins.byteLength + this.binWords.byteLength + this.cells.byteLength;
  }

  /** The time lies not before the horizon. */
  add(time: Micros, row: number): void {
    let level = 0;
    while (time >= this.ends[level]) level++;
    this.append(level, ((time - this.starts[level]) * this.perMicro[level]) | 0, time, row);
  }

  /**
   * Takes out the first events: a list in the order they came, to be read to its end at once with `timeOf`, `rowOf` and
   * `after`; the horizon moves beyond them. Returns the first entry, or NONE if no event lies up to `limit`.
   *
   * A bin that begins after the limit stays as it is, and so does a lone event after it: the horizon would run ahead of
   * the clock, and whatever is pushed before the horizon finds no bin. A lone event need not come down level by level.
   */
  open(limit: Micros): number {
    while (this.levelBits !== 0) {
      const level = lowestBit(this.levelBits);
      const bin = this.firstBin(level);
      const start = this.starts[level] + bin * WIDTHS[level];
      if (start > limit) return NONE;
      const index = (level * BIN_COUNT + bin) * 2;
      const first = this.bins[index];
      const last = this.bins[index + 1];
      const alone = first === last;
      if (level > 0 && alone && this.times[first] > limit) return NONE;
      this.removeBin(level, bin);
      this.endOfList = last;
      if (level === 0 || alone) {
        this.horizon = level === 0 ? start + WIDTHS[0] : this.times[first] + 1;
        return first;
      }
      this.dealOut(first, level - 1, start);
    }
    return NONE;
  }

  timeOf(entry: number): Micros {
    return this.times[entry];
  }

  rowOf(entry: number): number {
    return this.cells[(entry >> CHUNK_BITS) * CHUNK_CELLS + ROWS + (entry & PLACE_MASK)];
  }

  /** The entry after this one, or NONE; this one is given up. */
  after(entry: number): number {
    if (entry !== this.endOfList && (entry & PLACE_MASK) !== CHUNK_ENTRIES - 1) return entry + 1;
    const chunk = entry >> CHUNK_BITS;
    const next = this.cells[chunk * CHUNK_CELLS + LINK];
    this.releaseChunk(chunk);
    return entry === this.endOfList ? NONE : next << CHUNK_BITS;
  }

  /** Of a level that is not empty. */
  private firstBin(level: number): number {
    const word = lowestBit(this.wordBits[level]);
    return word * 32 + lowestBit(this.binWords[level * WORD_COUNT + word]);
  }

  /** Spreads a list over an empty level, whose window begins at `start` from now on. */
  private dealOut(first: number, level: number, start: Micros): void {
    const perMicro = this.perMicro[level];
    this.starts[level] = start;
    this.ends[level] = start + WIDTHS[level + 1];
    // The horizon lies within the bin if a lone event was taken out of it before.
    if (start > this.horizon) this.horizon = start;
    for (let entry = first; entry !== NONE; ) {
      const time = this.times[entry];
      const row = this.rowOf(entry);
      entry = this.after(entry);
      this.append(level, ((time - start) * perMicro) | 0, time, row);
    }
  }

  private append(level: number, bin: number, time: Micros, row: number): void {
    const index = (level * BIN_COUNT + bin) * 2;
    const word = level * WORD_COUNT + (bin >> 5);
    const bit = 1 << (bin & 31);
    let entry: number;
    if ((this.binWords[word] & bit) === 0) {
      this.binWords[word] |= bit;
      this.wordBits[level] |= 1 << (bin >> 5);
      this.levelBits |= 1 << level;
      entry = this.newChunk() << CHUNK_BITS;
      this.bins[index] = entry;
    } else {
      entry = this.bins[index + 1] + 1;
      if ((entry & PLACE_MASK) === CHUNK_ENTRIES) {
        const chunk = this.newChunk();
        this.cells[(entry >> CHUNK_BITS) * CHUNK_CELLS + LINK] = chunk;
        entry = chunk << CHUNK_BITS;
      }
    }
    this.bins[index + 1] = entry;
    this.times[entry] = time;
    this.cells[(entry >> CHUNK_BITS) * CHUNK_CELLS + ROWS + (entry & PLACE_MASK)] = row;
  }

  private removeBin(level: number, bin: number): void {
    const word = level * WORD_COUNT + (bin >> 5);
    this.binWords[word] &= ~(1 << (bin & 31));
    if (this.binWords[word] !== 0) return;
    this.wordBits[level] &= ~(1 << (bin >> 5));
    if (this.wordBits[level] === 0) this.levelBits &= ~(1 << level);
  }

  private newChunk(): number {
    const chunk = this.freeChunk;
    if (chunk !== NONE) {
      this.freeChunk = this.cells[chunk * CHUNK_CELLS + LINK];
      return chunk;
    }
    if (this.chunkHighWater * CHUNK_CELLS === this.cells.length) this.grow();
    return this.chunkHighWater++;
  }

  private releaseChunk(chunk: number): void {
    this.cells[chunk * CHUNK_CELLS + LINK] = this.freeChunk;
    this.freeChunk = chunk;
  }

  private grow(): void {
    const times = new Float64Array(this.times.length * 2);
    times.set(this.times);
    this.times = times;
    this.cells = new Int32Array(times.buffer);
  }
}
