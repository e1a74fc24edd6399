/** Integers of the chain as the interface shows them. Exact where a string, for people where a number. */

const MICRO = 1_000_000n;

/** Micro-units as a decimal string without trailing zeros: `-12500000n` → `"-12.5"`. */
export function moneyText(micro: bigint): string {
  const magnitude = micro < 0n ? -micro : micro;
  const whole = magnitude / MICRO;
  const fraction = (magnitude % MICRO).toString().padStart(6, '0').replace(/0+$/, '');
  return `${micro < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Micro-USD as a number of USD: the nearest double of the exact decimal. */
export function usd(micro: number): number {
  return micro / 1_000_000;
}
