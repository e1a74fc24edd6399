/** The release, from package.json. */
import { readFileSync } from 'node:fs';

/** `miletus/0.1.0`. */
export const NODE_VERSION: string = `miletus/${
  (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    }
  ).version
}`;
