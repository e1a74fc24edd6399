/**
 * Positions, proven one by one: lots by their rows, names by the rows of instrument and underlying. That
 * there are no others nothing proves: keys are hashed, so no proof covers a range of them.
 */
import type { PositionInfo } from '../../node/rpc/schemas/account.ts';
import { type Address, instrumentId, portfolioId, subAccount } from '../../runtime/core/units.ts';
import { contractTerms } from '../../runtime/linear/contract-terms.ts';
import { INSTRUMENT_KIND, type Instrument } from '../../runtime/options/instrument.ts';
import {
  formatFutureName,
  formatInstrumentName,
  formatPerpetualName,
} from '../../runtime/options/instrument-name.ts';
import { positionKey, type State } from '../../runtime/state/state.ts';

/** The name of a series, a future or a perpetual; `undefined` of what holds no positions. */
function instrumentNameOf(row: Instrument, underlying: string): string | undefined {
  const { kind, expiry, strike } = row;
  switch (kind) {
    case INSTRUMENT_KIND.call:
      return formatInstrumentName({ underlying, expiry, strike, kind: 'call' });
    case INSTRUMENT_KIND.put:
      return formatInstrumentName({ underlying, expiry, strike, kind: 'put' });
    case INSTRUMENT_KIND.future:
      return formatFutureName(underlying, expiry);
    case INSTRUMENT_KIND.perpetual:
      return formatPerpetualName(underlying);
    case INSTRUMENT_KIND.combo:
      return undefined;
  }
}

/** A position of which the node says the instrument's number. */
export type ListedPosition = { readonly id: number; readonly info: PositionInfo };

/** What is proven of listed positions: those without a row are left out, lots are those of the rows. */
export function provenPositions(
  state: State,
  owner: { readonly address: Address; readonly sub: number },
  listed: readonly ListedPosition[],
): { readonly positions: PositionInfo[]; readonly notes: string[] } {
  const positions: PositionInfo[] = [];
  const notes: string[] = [];
  const account = state.accounts.get(owner.address);
  const portfolio = account && portfolioId(account.id, subAccount(owner.sub));
  for (const { id: number, info } of listed) {
    const id = instrumentId(number);
    const instrument = state.instruments.get(id);
    const rules = instrument && state.underlyings.get(instrument.underlying);
    const row =
      portfolio === undefined ? undefined : state.positions.get(positionKey.pack(portfolio, id));
    const name = rules && instrumentNameOf(instrument, new TextDecoder().decode(rules.name));
    if (instrument === undefined || rules === undefined || name !== info.instrument_name) {
      notes.push(`${info.instrument_name}: no such instrument is proven`);
      continue;
    }
    const lots = row?.lots ?? 0;
    if (lots !== info.size_lots) {
      notes.push(`${name}: the node says ${info.size_lots} lots, proven are ${lots}`);
    }
    if (lots === 0) continue;
    positions.push({
      ...info,
      direction: lots > 0 ? 'buy' : 'sell',
      size: lots / contractTerms(rules, instrument.kind).optionLotsPerCoin,
      size_lots: lots,
    });
  }
  return { positions, notes };
}
