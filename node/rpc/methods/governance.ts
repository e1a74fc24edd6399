/** Governance: proposals, votes, simulations. Answered by the executor. */

import { formatAddress } from '../../../runtime/accounts/address-text.ts';
import { fromHex, toHex } from '../../../runtime/core/bytes.ts';
import { address } from '../../../runtime/core/units.ts';
import { proposalId } from '../../../runtime/governance/ballot.ts';
import {
  CONTENT,
  type ProposalContent,
  ProposalContentCodec,
} from '../../../runtime/governance/content.ts';
import { parameterSet } from '../../../runtime/governance/parameter-sets.ts';
import { MODULE_NAMES } from '../../../runtime/upgrade/modules.ts';
import { QUESTION } from '../../query/format.ts';
import { MAX_PROPOSAL_ROWS, MAX_VOTE_ROWS } from '../../query/governance-format.ts';
import type { Handlers } from '../context.ts';
import { failure } from '../errors.ts';
import { addressText } from '../lookup.ts';
import {
  ballotInfo,
  changeInfo,
  contentHex,
  contentInfo,
  currencyName,
  proposalInfo,
  validatorVoteInfo,
} from '../present-governance.ts';
import { moneyText } from '../present-money.ts';
import { refusalInfo } from '../present-receipt.ts';
import { MAX_CONTENT_HEX, type ProposalInfo } from '../schemas/governance.ts';

const NONE = proposalId(0);
const DEFAULT_COUNT = 20;

const moduleName = (module: number): string => MODULE_NAMES[module] ?? String(module);

const notFound = (given: number): Error =>
  failure('proposal_not_found', {
    field: 'proposal_id',
    given,
    allowed: 'a number that get_proposals lists',
  });

/** The content of hex text. Fails with invalid_params. */
function contentOf(hex: string): ProposalContent {
  const raw = hex.length > MAX_CONTENT_HEX ? undefined : fromHex(hex.toLowerCase());
  const decoded = raw === undefined ? undefined : ProposalContentCodec.decode(raw);
  if (decoded?.ok) return decoded.value;
  throw failure('invalid_params', {
    field: 'content',
    given: hex.slice(0, 40),
    allowed: 'hex of the SSZ of a content: see docs/spec/governance.md',
  });
}

export const governanceMethods: Handlers<
  'get_proposals' | 'get_proposal' | 'get_votes' | 'get_parameter_sets' | 'simulate_proposal'
> = {
  async get_parameter_sets(_params, { ask, feed }) {
    const answer = await ask({ selector: QUESTION.parameterSets, value: { unused: 0 } });
    const mirror = await feed.market();
    const sets = answer.sets.flatMap(({ set: number, scope, values }) => {
      const set = parameterSet(number);
      if (set === undefined) return [];
      const parameters = Object.fromEntries(
        set.names.map((name, position) => {
          const { min, max, unit } = set.ranges[name] ?? { min: 0, max: 0, unit: '' };
          const fixed = set.fixed.includes(name);
          return [name, { value: values[position] ?? 0, unit, min, max, fixed }];
        }),
      );
      const name = set.name === 'underlying' ? currencyName(mirror, scope) : null;
      return [{ set: set.name, scope: name, parameters }];
    });
    const risk = answer.risks.map(({ underlying, hash }) => ({
      currency: currencyName(mirror, underlying),
      parameters_hash: toHex(hash),
    }));
    return { height: answer.height, sets, risk };
  },

  async get_proposals({ status, before, count }, { ask, feed }) {
    const wanted = count ?? DEFAULT_COUNT;
    const mirror = await feed.market();
    const found: ProposalInfo[] = [];
    let from = before ?? 0;
    // Of one status as many pages are read as it takes: there are at most some hundred proposals.
    for (;;) {
      const limit = status === undefined ? wanted : MAX_PROPOSAL_ROWS;
      const value = { proposal: NONE, before: proposalId(from), limit };
      const answer = await ask({ selector: QUESTION.proposals, value });
      const { rows, pausedMs, guardian, armed, pauses } = answer;
      for (const row of rows) {
        const info = proposalInfo(row, pausedMs);
        if (status === undefined || info.status === status) found.push(info);
      }
      const last = rows.at(-1)?.proposal.id;
      if (found.length < wanted && last !== undefined && rows.length === limit && last > 1) {
        from = last;
        continue;
      }
      const [guard] = guardian;
      return {
        height: answer.height,
        epoch: answer.epoch,
        guardian: guard === undefined ? null : { address: addressText(guard), armed },
        pauses: pauses.map(({ underlying, until }) => ({
          currency: currencyName(mirror, underlying),
          until: until + pausedMs,
        })),
        treasury: { usd: moneyText(answer.treasuryUsd), mil: moneyText(answer.treasuryMil) },
        deposits: moneyText(answer.deposits),
        versions: answer.versions.map(({ module, version }) => ({
          module: moduleName(module),
          version,
        })),
        upgrades: answer.upgrades.map(({ plan, ready, total }) => ({
          module: moduleName(plan.module),
          version: plan.version,
          epoch: plan.epoch,
          code_hash: toHex(plan.codeHash),
          slips: plan.slips,
          ready: total === 0n ? 0 : Number(ready) / Number(total),
        })),
        proposals: found.slice(0, wanted),
      };
    }
  },

  async get_proposal({ proposal_id: id }, { ask, feed }) {
    const value = { proposal: proposalId(id), before: NONE, limit: 1 };
    const { height, pausedMs, rows } = await ask({ selector: QUESTION.proposals, value });
    const [row] = rows;
    if (row === undefined) throw notFound(id);
    const mirror = await feed.market();
    return {
      ...proposalInfo(row, pausedMs),
      height,
      content: contentInfo(mirror, row.proposal.content),
      content_ssz: contentHex(row.proposal.content),
      deposits: row.proposal.deposits.map(({ account, amount }) => ({
        account_id: account,
        amount: moneyText(amount),
      })),
      validators: row.validators.map(validatorVoteInfo),
    };
  },

  async get_votes({ proposal_id: id, from, count }, { ask }) {
    const limit = count ?? MAX_VOTE_ROWS;
    const value = { proposal: proposalId(id), from: from ?? 0, limit };
    const { height, total, next, rows } = await ask({ selector: QUESTION.votes, value });
    return {
      height,
      total,
      next: next === 0 ? null : next,
      votes: rows.map(({ number, address: raw, vote, power }) => ({
        number,
        account: formatAddress(address(toHex(raw))),
        validator_id: vote.validator,
        power: moneyText(power),
        ballot: ballotInfo(vote.ballot),
      })),
    };
  },

  async simulate_proposal({ proposal_id: id, content }, { ask, feed }) {
    if ((id === undefined) === (content === undefined)) {
      throw failure('invalid_params', {
        field: 'proposal_id',
        given: id ?? 'nothing',
        allowed: 'a proposal_id or a content, one of the two',
      });
    }
    const given = content === undefined ? [] : [contentOf(content)];
    const value = { proposal: proposalId(id ?? 0), content: given };
    const answer = await ask({ selector: QUESTION.simulation, value });
    const [found] = answer.content;
    if (found === undefined) throw notFound(id ?? 0);
    const mirror = await feed.market();
    const [refusal] = answer.refusal;
    const [replay] = answer.replay;
    const problem = new TextDecoder().decode(answer.problem);
    return {
      height: answer.height,
      content: contentInfo(mirror, found),
      possible: refusal === undefined,
      refusal: refusal === undefined ? null : refusalInfo(refusal),
      problem: problem === '' ? null : problem,
      can_be_expedited: answer.canBeExpedited,
      timelock_ms: answer.timelockMs,
      changes: answer.changes.map((change) => changeInfo(mirror, change)),
      replay:
        replay === undefined
          ? null
          : {
              accounts: replay.accounts,
              below_maintenance_now: replay.belowNow,
              below_maintenance_then: replay.belowThen,
              shortfall: moneyText(replay.shortfall),
            },
      treasury:
        found.selector === CONTENT.spend
          ? {
              before: moneyText(answer.treasury),
              after: moneyText(answer.treasury - found.value.amount),
            }
          : null,
    };
  },
};
