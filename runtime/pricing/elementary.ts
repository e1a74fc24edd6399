/**
 * The transcendental functions of the chain, from one pinned source.
 *
 * Source: `@stdlib/math-base-special-*` (fdlibm and Faddeeva in plain + − × ÷), so every engine
 * computes the same bits; `Math.exp` and its kin differ between engines and versions. No other file
 * may import these packages, and `test/pricing/price-trace.test.ts` pins the bits of what is made of
 * them.
 */
import stdlibErfc from '@stdlib/math-base-special-erfc';
import stdlibErfcx from '@stdlib/math-base-special-erfcx';
import stdlibExp from '@stdlib/math-base-special-exp';
import stdlibLn from '@stdlib/math-base-special-ln';

/** eˣ; error below 1 ulp. ~30 ns. */
export const exp: (x: number) => number = stdlibExp;
/** Natural logarithm; error below 1 ulp; NaN below 0. ~20 ns. */
export const ln: (x: number) => number = stdlibLn;
/** Complementary error function 1 − erf(x); error below 3 ulp. ~75 ns. */
export const erfc: (x: number) => number = stdlibErfc;
/** Scaled complementary error function exp(x²)·erfc(x), for tails where erfc underflows. */
export const erfcx: (x: number) => number = stdlibErfcx;
