/** The key that signs: found by name, opened with its password. */
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { accountOfPublicKey, ed25519Signer, type KeySigner } from '../client/sign.ts';
import { listKeys, readKey } from '../keys/key-folder.ts';
import { decryptKeystore, type Keystore, keystoreErrorText } from '../keys/keystore.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, keysFolder, text } from './options.ts';
import { readPassword } from './prompt.ts';

/** The keystore that `--from` names, or the only one there is. */
export function selectKey(argv: Arguments): Keystore {
  const folder = keysFolder(argv);
  const name = text(argv, 'from');
  const names = listKeys(folder).map((key) => key.name);
  const only = names.length === 1 ? names[0] : undefined;
  const chosen = name ?? only;
  if (chosen === undefined) {
    const allowed = names.length === 0 ? '`miletus keys create` makes a key' : names.join(', ');
    throw usageError('--from', '', allowed);
  }
  const found = readKey(folder, chosen);
  if (found.ok) return found.value;
  const { code, given, allowed } = found.error;
  const exitCode = code === 'not_found' ? EXIT.noInput : EXIT.badData;
  throw new CliError(exitCode, { field: '--from', given, allowed });
}

/** The account that acts: `--account`, else that of `--signer`, else that of the key. */
export function actingAddress(argv: Arguments): string {
  const signer = fromHex(text(argv, 'signer') ?? '');
  if (text(argv, 'account') === undefined && signer?.length === 32) {
    return formatAddress(address(toHex(accountOfPublicKey(signer))));
  }
  return text(argv, 'account') ?? selectKey(argv).address;
}

/** Opens a keystore; asks for the password. */
export async function openSigner(argv: Arguments, keystore: Keystore): Promise<KeySigner> {
  const password = await readPassword(argv, 'existing');
  const { nodeScrypt } = await import('../keys/scrypt.ts');
  const secret = await decryptKeystore(keystore, password, nodeScrypt);
  if (!secret.ok) {
    const allowed = keystoreErrorText(secret.error);
    throw new CliError(EXIT.wrongPassword, { field: 'password', given: 'one', allowed });
  }
  const signer = ed25519Signer(secret.value);
  if (toHex(signer.publicKey) !== keystore.pubkey) {
    const facts = { field: 'pubkey', given: keystore.pubkey, allowed: toHex(signer.publicKey) };
    throw new CliError(EXIT.badData, facts);
  }
  return signer;
}
