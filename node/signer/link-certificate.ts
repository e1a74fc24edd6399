/**
 * A self-signed X.509 certificate of an ed25519 key: what TLS wants around a key. Only the key counts
 * (`link.ts` pins it); name and dates say nothing and never expire.
 *
 * Source: RFC 5280 §4.1 (structure), RFC 8410 (ed25519 in X.509 and PKCS #8), X.690 (DER).
 */
import { createPrivateKey, sign } from 'node:crypto';
import { asciiBytes, concatBytes } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import { ed25519Key } from '../crypto/ed25519.ts';

/** PEM, as `node:tls` takes them. */
export type LinkCertificate = { readonly key: string; readonly cert: string };

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
  explicit0: 0xa0,
} as const;

/** Tag, length, content. Contents here are shorter than 64 KiB. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const { length } = content;
  assert(length < 65_536, 'a certificate is small');
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return concatBytes(new Uint8Array(head), content);
}

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(values);

/** 1.3.101.112, id-Ed25519. */
const ED25519: Uint8Array = der(TAG.sequence, der(TAG.oid, bytesOf(0x2b, 0x65, 0x70)));
/** CN=miletus-signer-link. */
const NAME: Uint8Array = der(
  TAG.sequence,
  der(
    TAG.set,
    der(
      TAG.sequence,
      der(TAG.oid, bytesOf(0x55, 0x04, 0x03)),
      der(TAG.utf8, asciiBytes('miletus-signer-link')),
    ),
  ),
);
/** From 2020 to the end of 9999: RFC 5280's "no well-defined expiration date". */
const VALIDITY: Uint8Array = der(
  TAG.sequence,
  der(TAG.utcTime, asciiBytes('200101000000Z')),
  der(TAG.generalizedTime, asciiBytes('99991231235959Z')),
);

function pem(label: string, content: Uint8Array): string {
  const lines =
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The certificate of a 32-byte ed25519 seed; the same each time. */
export function linkCertificate(seed: Uint8Array): LinkCertificate {
  const { publicKey } = ed25519Key(seed);
  const pkcs8 = concatBytes(
    bytesOf(0x30, 0x2e, TAG.integer, 1, 0),
    ED25519,
    bytesOf(0x04, 0x22, 0x04, 0x20),
    seed,
  );
  const tbs = der(
    TAG.sequence,
    der(TAG.explicit0, der(TAG.integer, bytesOf(2))),
    der(TAG.integer, bytesOf(1)),
    ED25519,
    NAME,
    VALIDITY,
    NAME,
    der(TAG.sequence, ED25519, der(TAG.bitString, bytesOf(0), publicKey)),
  );
  const secret = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const signature = new Uint8Array(sign(null, tbs, secret));
  const certificate = der(TAG.sequence, tbs, ED25519, der(TAG.bitString, bytesOf(0), signature));
  return { key: pem('PRIVATE KEY', pkcs8), cert: pem('CERTIFICATE', certificate) };
}
