/** The recorded suite quantity, answered by the quantities that everything else is read with. */
import { QuantityError, parseQuantity, quantityOfMilli, quantityOfUnits } from '../base/quantity.ts';
import type { Quantity, QuantityFormat } from '../base/quantity.ts';
import { without } from './recorded-fields.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const QUANTITY_SUITE: SuiteReplay = {
  suite: 'quantity',
  kinds: {
    parse: { expected: comparableParse, got: (input, out) => replayParse(String(input.s), out) },
    arith: { got: replayArithmetic },
    roundUp: {
      expected: (out) => without(out, out.scaledOdd === true ? ['scaled', 'scaledOdd'] : []),
      got: replayRoundUp,
    },
    make: { got: replayMake },
  },
};

function comparableParse(out: Fields): Fields {
  const skipped: string[] = ['valueOdd', 'milliOdd'];
  if (out.valueFits === false || out.valueOdd === true) skipped.push('value');
  if (out.milliFits === false || out.milliOdd === true) skipped.push('milli');
  return without(out, skipped);
}

function replayParse(text: string, out: Fields): Fields {
  const quantity = quantityOrError(text);
  if (quantity instanceof QuantityError) return { ok: false, error: quantity.errorClass };
  const value = quantity.value();
  const milli = quantity.milliValue();
  const canonical = quantity.canonical();
  const got = {
    ok: true,
    canonical,
    ...(quantity.toString() === canonical ? {} : { text: quantity.toString() }),
    value: String(value),
    milli: String(milli),
    valueFits: fitsInt64(value),
    milliFits: fitsInt64(milli),
    sign: quantity.sign(),
    format: quantity.format,
  };
  const compared = comparableParse(out);
  return without(got, ['value', 'milli'].filter((field) => out.ok === true && !(field in compared)));
}

function quantityOrError(text: string): Quantity | QuantityError {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return error;
    throw error;
  }
}

/** The value fields are recorded only where upstream returns the exact number. */
function replayArithmetic(input: Fields, out: Fields): Fields {
  const a = parseQuantity(String(input.a));
  const b = parseQuantity(String(input.b));
  const sum = a.add(b);
  const difference = a.sub(b);
  const got = {
    cmp: a.cmp(b),
    add: sum.canonical(),
    sub: difference.canonical(),
    addValue: String(sum.value()),
    addMilli: String(sum.milliValue()),
    subMilli: String(difference.milliValue()),
  };
  return without(got, ['addValue', 'addMilli', 'subMilli'].filter((field) => !(field in out)));
}

function replayRoundUp(input: Fields, out: Fields): Fields {
  const scale = Number(input.scale);
  const quantity = parseQuantity(String(input.s));
  const rounded = quantity.roundUp(scale);
  const got = {
    canonical: rounded.canonical(),
    exact: rounded.cmp(quantity) === 0,
    scaled: String(quantity.scaledValue(scale)),
  };
  return without(got, out.scaledOdd === true || !('scaled' in out) ? ['scaled'] : []);
}

function replayMake(input: Fields): Fields {
  const format = input.format as QuantityFormat;
  const milli = input.milli as string | undefined;
  const made =
    milli === undefined
      ? quantityOfUnits(BigInt(input.value as string), format)
      : quantityOfMilli(BigInt(milli), format);
  return { canonical: made.canonical() };
}

function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
