/** A client that verifies, for commands of people who configured what they trust. */
import type { Client } from '../client/client.ts';
import { createLightClient } from '../light/light-client.ts';
import { type Anchor, checkpointText } from '../light/trust.ts';
import { type VerifyingClient, verifyingClient } from '../light/verifying-client.ts';
import type { Arguments } from './options.ts';
import type { Statement } from './output.ts';
import { noteWalked } from './trust-file.ts';

/** `client` with proofs from `anchor`, and how to say what was proven. */
export function openVerifying(
  client: Client,
  anchor: Anchor,
): { readonly client: VerifyingClient; readonly statement: () => Statement } {
  const light = createLightClient({ client, anchor });
  const verifying = verifyingClient(client, light);
  return { client: verifying, statement: () => statementOf(verifying) };
}

/** What was proven, in the words of the output. */
function statementOf(client: VerifyingClient): Statement {
  const { at, unproven, notes } = client.verification();
  if (at === undefined) {
    const why =
      unproven.length === 0
        ? 'nothing was asked of the chain'
        : `no proof of ${unproven.join(', ')}`;
    return { verified: false, reason: notes.length === 0 ? why : notes.join('; ') };
  }
  const { epoch, height, stateHeight, timestamp } = at;
  return {
    verified: true,
    epoch,
    height,
    state_height: stateHeight,
    timestamp,
    not_proven: unproven,
    notes,
  };
}

/** Keeps how far the walk came. A trust file that cannot be written stops no command. */
export function keepWalk(argv: Arguments, client: VerifyingClient): void {
  const newest = client.light.newest();
  const chainId = client.light.chainId();
  if (newest === undefined || chainId === undefined) return;
  try {
    noteWalked(argv, { checkpoint: checkpointText(newest), chainId });
  } catch {
    // The next command walks the same epochs again: slower, and as safe.
  }
}
