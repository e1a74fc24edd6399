/**
 * The home folder of a devnet validator: configuration, genesis and keys, as `miletus node start`
 * wants them, and the oracle key, which its feeder takes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomSeed, readKeyFile, writeKeyFile } from '../node/keys.ts';
import { toHex } from '../runtime/core/bytes.ts';
import { ed25519Signer } from '../wallet/client/sign.ts';
import { addressOf, devAccount, FIRST_OPERATOR_ACCOUNT } from './accounts.ts';
import type { ValidatorPorts } from './folder.ts';
import type { GenesisValidator } from './genesis.ts';

/** Keys of one validator; all but the operator's are random. */
export type ValidatorKeys = {
  readonly consensus: Uint8Array;
  readonly oracle: Uint8Array;
  readonly peer: Uint8Array;
  readonly publicKeys: Omit<GenesisValidator, 'p2pPort'>;
};

/** New keys for validator `index`; the operator is an account of the development mnemonic. */
export function makeValidatorKeys(index: number): ValidatorKeys {
  const [consensus, oracle, peer] = [randomSeed(), randomSeed(), randomSeed()];
  const publicHex = (seed: Uint8Array): string => toHex(ed25519Signer(seed).publicKey);
  return {
    consensus,
    oracle,
    peer,
    publicKeys: {
      operator: addressOf(devAccount(FIRST_OPERATOR_ACCOUNT + index)),
      consensusKey: publicHex(consensus),
      oracleKey: publicHex(oracle),
      peerKey: publicHex(peer),
    },
  };
}

function configText({ p2pPort, rpcPort, metricsPort }: ValidatorPorts): string {
  return `# A devnet validator. Every key: \`miletus node init\` writes a documented example.
[p2p]
listen = ["/ip4/127.0.0.1/tcp/${p2pPort}"]

[rpc]
port = ${rpcPort}

[metrics]
port = ${metricsPort}

[log]
format = "json"
`;
}

const ORACLE_KEY = join('keys', 'oracle.key');

/** Writes the home folder; refuses to overwrite keys. */
export function writeValidatorHome(
  home: string,
  parts: {
    readonly keys: ValidatorKeys;
    readonly ports: ValidatorPorts;
    readonly genesis: object;
  },
): void {
  const { keys, ports, genesis } = parts;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'config.toml'), configText(ports));
  writeFileSync(join(home, 'genesis.json'), `${JSON.stringify(genesis, null, 2)}\n`);
  writeKeyFile(join(home, 'keys', 'consensus.key'), keys.consensus);
  writeKeyFile(join(home, 'keys', 'peer.key'), keys.peer);
  writeKeyFile(join(home, ORACLE_KEY), keys.oracle);
}

/** Hex of the oracle key's seed. Throws `FatalError` when the file is missing or broken. */
export function oracleSeedOf(home: string): string {
  return toHex(readKeyFile(join(home, ORACLE_KEY)));
}
