/** The validator that an argument names: its number, operator's address, or moniker. */
import type { StakedValidatorInfo } from '../../node/rpc/schemas/staking.ts';
import type { Client } from '../client/client.ts';
import { type Arguments, mustText } from './options.ts';

const NAMES = 'the number, operator address or moniker of a validator: see `stake list-validators`';

/** What a node says of the validator that positional `name` gives. */
export function validatorMeant(
  argv: Arguments,
  client: Client,
  name = 'validator',
): Promise<StakedValidatorInfo> {
  return client.call('get_validator', { validator: mustText(argv, name, NAMES) });
}

/** A moniker as a terminal may print it: whoever chose it could have put commands for the terminal in. */
export function safeMoniker({ moniker }: Pick<StakedValidatorInfo, 'moniker'>): string {
  return moniker.replace(/[^\x20-\x7e]/g, '?');
}

/** `validator 3 (north)`. */
export function describeValidator(
  validator: Pick<StakedValidatorInfo, 'validator_id' | 'moniker'>,
): string {
  const name = safeMoniker(validator);
  return `validator ${validator.validator_id}${name === '' ? '' : ` (${name})`}`;
}
