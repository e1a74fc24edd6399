/** An address among the arguments, in its one text form. Loads nothing but what it needs. */
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { addressOfText } from '../client/input-fields.ts';
import { usageError } from './cli-error.ts';

/** `mil1…` of what was given; throws a usage error. */
export function addressArgument(field: string, given: string): string {
  const raw = addressOfText(field, given);
  if (!raw.ok) throw usageError(field, raw.error.given, raw.error.allowed);
  return formatAddress(address(toHex(raw.value)));
}
