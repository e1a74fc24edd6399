/** `miletus gov` for reading: proposals, one of them, its votes, parameters, what it would change. */
import {
  type ChangeInfo,
  type ContentInfo,
  PROPOSAL_STATUSES,
  type ProposalInfo,
  type SimulationInfo,
} from '../../node/rpc/schemas/governance.ts';
import { percentOfBps } from '../client/staking-input.ts';
import { usageError } from './cli-error.ts';
import { type Arguments, choice, flag, integer, text, withClient } from './options.ts';
import { fields, print, table, time } from './output.ts';

export const PROPOSALS: { readonly min: number; readonly max: number } = {
  min: 1,
  max: 2 ** 20 - 1,
};

const percent = (share: number | null): string =>
  share === null ? '-' : `${(share * 100).toFixed(2)} %`;

/** The proposal that the arguments name. */
export function proposalMeant(argv: Arguments): number {
  const number = integer(argv, 'proposal', PROPOSALS);
  if (number === undefined) throw usageError('proposal', 'nothing', 'a number: see `gov list`');
  return number;
}

/** When what happens next to a proposal. */
function nextStep(proposal: ProposalInfo): string {
  switch (proposal.status) {
    case 'deposit':
      return Number(proposal.deposited) >= Number(proposal.rules.min_deposit)
        ? 'its vote begins with the next epoch'
        : `deposits until ${time(proposal.deposit_ends_at)}`;
    case 'voting':
      return `votes until ${time(proposal.voting_ends_at ?? 0)}; now ${proposal.outcome}`;
    case 'passed':
      return `carried out at ${time(proposal.executes_at ?? 0)}`;
    case 'failed':
      return `${proposal.failure?.code}: ${proposal.failure?.message}`;
    default:
      return `since ${time(proposal.ended_at ?? 0)}`;
  }
}

export async function listProposals(argv: Arguments): Promise<void> {
  const status = choice(argv, 'status', PROPOSAL_STATUSES);
  await withClient(argv, async (client) => {
    const found = await client.call('get_proposals', status === undefined ? {} : { status });
    const { guardian, pauses, treasury } = found;
    print(flag(argv, 'json'), found, [
      ...table([
        ['number', 'kind', 'status', 'turnout', 'title', ''],
        ...found.proposals.map((one) => [
          String(one.proposal_id),
          `${one.kind}${one.expedited ? ' (expedited)' : ''}`,
          one.status,
          percent(one.turnout),
          one.title.replace(/\n/g, ' '),
          nextStep(one),
        ]),
      ]),
      '',
      ...fields({
        community: `${treasury.usd} USD, ${treasury.mil} MIL`,
        guardian:
          guardian === null
            ? 'none'
            : `${guardian.address}, pause ${guardian.armed ? 'unused' : 'used'}`,
        versions: found.versions.map(({ module, version }) => `${module} ${version}`).join(', '),
        ...Object.fromEntries(
          found.upgrades.map((one) => [
            `upgrade ${one.module} ${one.version}`,
            `from epoch ${one.epoch}, ${percent(one.ready)} ready of 83.34 %, slipped ${one.slips} of 5`,
          ]),
        ),
        ...Object.fromEntries(
          pauses.map(({ currency, until }) => [`paused ${currency}`, `until ${time(until)}`]),
        ),
      }),
    ]);
  });
}

function changeLine({ set, scope, parameter, unit, min, max, before, after }: ChangeInfo): string {
  const place = [set, ...(scope === null ? [] : [scope]), parameter].join('.');
  return `${place}: ${before} → ${after} ${unit} (allowed ${min} to ${max})`;
}

/** What a content does, a line each. */
export function contentLines(content: ContentInfo): string[] {
  switch (content.kind) {
    case 'text':
      return [`text, document ${content.document}`];
    case 'parameters':
      return content.changes.map(changeLine);
    case 'list_underlying':
      return [`list ${content.underlying['name']}`, ...fields(content.underlying)];
    case 'risk':
      return [
        `portfolio margin of ${content.currency}: ${content.notice_ms / 3_600_000} h of notice, then over ${content.phase_ms / 3_600_000} h`,
      ];
    case 'spend':
      return [`pay ${content.amount} ${content.currency} of the community to ${content.to}`];
    case 'upgrade':
      return [
        `module ${content.module} to version ${content.version} from epoch ${content.epoch}`,
        `code ${content.code_hash}`,
      ];
    case 'trading':
      return [`${content.name}: ${content.state}`];
    case 'guardian':
      return [
        content.guardian === null
          ? 'no guardian'
          : `guardian ${content.guardian}, pause ${content.armed ? 'armed' : 'not armed'}`,
      ];
  }
}

export async function showProposal(argv: Arguments): Promise<void> {
  const proposal_id = proposalMeant(argv);
  await withClient(argv, async (client) => {
    const found = await client.call('get_proposal', { proposal_id });
    const { rules, tally } = found;
    print(flag(argv, 'json'), found, [
      `${found.proposal_id} ${found.title.replace(/\n/g, ' ')}`,
      ...(found.summary === '' ? [] : [found.summary]),
      '',
      ...contentLines(found.content),
      '',
      ...fields({
        status: `${found.status}${found.expedited ? ', expedited' : ''}: ${nextStep(found)}`,
        'deposited, MIL': `${found.deposited} of ${rules.min_deposit}, each at least ${rules.least_deposit}`,
        'stake that votes, MIL':
          found.snapshot_epoch === null ? '-' : `${found.power}, of epoch ${found.snapshot_epoch}`,
        turnout: `${percent(found.turnout)}, quorum ${percentOfBps(rules.quorum_bps)} %`,
        'yes, MIL': `${tally.yes}, more than ${percentOfBps(rules.threshold_bps)} % of yes, no and veto`,
        'no, MIL': tally.no,
        'abstain, MIL': tally.abstain,
        'veto, MIL': `${tally.veto}, refused from ${percentOfBps(rules.veto_bps)} % of all votes`,
      }),
      ...(found.validators.length === 0
        ? []
        : [
            '',
            ...table([
              ['validator', 'stake', 'speak for themselves', 'left', 'follow it', 'it says'],
              ...found.validators.map((one) => [
                String(one.validator_id),
                one.power,
                one.own,
                one.left,
                one.inherited,
                one.ballot === null
                  ? '-'
                  : Object.entries(one.ballot)
                      .filter(([, bps]) => bps > 0)
                      .map(([name, bps]) => `${name} ${percentOfBps(bps)} %`)
                      .join(' '),
              ]),
            ]),
          ]),
    ]);
  });
}

export async function showVotes(argv: Arguments): Promise<void> {
  const proposal_id = proposalMeant(argv);
  const from = integer(argv, 'first', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0;
  await withClient(argv, async (client) => {
    const found = await client.call('get_votes', { proposal_id, from });
    print(flag(argv, 'json'), found, [
      ...table([
        ['number', 'account', 'validator', 'MIL', 'yes', 'no', 'abstain', 'veto'],
        ...found.votes.map(({ number, account, validator_id, power, ballot }) => [
          ...[String(number), account, String(validator_id), power],
          ...[ballot.yes, ballot.no, ballot.abstain, ballot.veto].map((bps) => percentOfBps(bps)),
        ]),
      ]),
      ...(found.next === null ? [] : ['', `more: --first ${found.next}`]),
    ]);
  });
}

export async function showParameterSets(argv: Arguments): Promise<void> {
  const wanted = text(argv, 'set');
  await withClient(argv, async (client) => {
    const found = await client.call('get_parameter_sets', {});
    const sets = found.sets.filter(({ set }) => wanted === undefined || set === wanted);
    if (sets.length === 0) {
      const names = [...new Set(found.sets.map(({ set }) => set))].join(', ');
      throw usageError('set', wanted ?? 'nothing', names);
    }
    const rows = sets.flatMap(({ set, scope, parameters }) =>
      Object.entries(parameters).map(([name, { value, unit, min, max, fixed }]) => [
        [set, ...(scope === null ? [] : [scope]), name].join('.'),
        String(value),
        unit,
        fixed ? 'fixed at genesis' : `${min} to ${max}`,
      ]),
    );
    print(
      flag(argv, 'json'),
      { ...found, sets },
      table([['parameter', 'value', 'unit', 'allowed'], ...rows]),
    );
  });
}

/** What would change, for people. */
export function simulationLines(found: SimulationInfo): string[] {
  const { refusal, replay, treasury } = found;
  return [
    ...contentLines(found.content),
    '',
    ...fields({
      'if carried out now':
        refusal === null
          ? 'possible'
          : `refused: ${refusal.code}: ${found.problem ?? refusal.message} (given ${refusal.given}, allowed ${refusal.allowed})`,
      'time lock': `${found.timelock_ms / 1_000} s`,
      expedited: found.can_be_expedited
        ? 'possible: it only tightens'
        : 'not possible: it does more than tighten',
      ...(treasury === null ? {} : { community: `${treasury.before} → ${treasury.after}` }),
      ...(replay === null
        ? {}
        : {
            'accounts in portfolio mode': replay.accounts,
            'below maintenance': `${replay.below_maintenance_now} now, ${replay.below_maintenance_then} then, short of ${replay.shortfall} USD`,
          }),
    }),
  ];
}
