/** What events of liquidation tell the owners of both sides: cash that moved, and notices. */
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import {
  type PortfolioId,
  portfolioAccount,
  portfolioSubAccount,
} from '../../../runtime/core/units.ts';
import { EVENT, type Event } from '../../../runtime/event.ts';
import { LIQUIDATION_KIND } from '../../../runtime/liquidation/liquidation.ts';
import type { MirrorCash, MirrorNotice } from './market.ts';

type Told = { readonly cash: MirrorCash[]; readonly notices: MirrorNotice[] };

function notice(portfolio: PortfolioId, type: MirrorNotice['type']): MirrorNotice {
  return {
    account: portfolioAccount(portfolio),
    subAccount: portfolioSubAccount(portfolio),
    underlying: undefined,
    type,
    frozenUntil: undefined,
    closed: undefined,
  };
}

function cash(portfolio: PortfolioId, amount: bigint): MirrorCash {
  const denomination = DENOMINATION.usd;
  return { kind: 'liquidation', portfolio, instrument: undefined, denomination, amount, fee: 0n };
}

/** Notes an event of liquidation; nothing of any other. */
export function noteLiquidation(event: Event, { cash: moved, notices }: Told): void {
  switch (event.selector) {
    case EVENT.liquidationStarted: {
      const isInsolvent = event.value.kind === LIQUIDATION_KIND.insolvent;
      const type = isInsolvent ? 'liquidation_insolvent' : 'liquidation_started';
      notices.push(notice(event.value.portfolio, type));
      return;
    }
    case EVENT.liquidationEnded:
      notices.push(notice(event.value.portfolio, 'liquidation_ended'));
      return;
    case EVENT.liquidationTaken:
      if (event.value.fee > 0n) moved.push(cash(event.value.portfolio, -event.value.fee));
      return;
    case EVENT.positionMoved: {
      const { from, to, instrument, cash: paid } = event.value;
      moved.push({ ...cash(from, paid), instrument }, { ...cash(to, -paid), instrument });
      return;
    }
    case EVENT.insurancePaid:
      moved.push(cash(event.value.portfolio, event.value.amount));
      return;
    case EVENT.haircut:
      moved.push(cash(event.value.portfolio, -event.value.amount));
      return;
    case EVENT.debtShared:
      moved.push(cash(event.value.portfolio, event.value.amount));
      return;
  }
}
