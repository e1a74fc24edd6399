/** Entry of the command line: `bin/miletus.js` imports this file. */
import { runCommandLine } from './run.ts';

await runCommandLine(process.argv.slice(2));
