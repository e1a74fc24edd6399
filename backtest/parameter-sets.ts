/** Parameter sets that crash days are played under. */
import type { ParameterSet } from './exchange.ts';

const PLAIN: Omit<ParameterSet, 'name' | 'about'> = {
  liquidation: {},
  risk: {},
  mode: 'portfolio',
  takers: true,
  stress: 1,
};

export const PARAMETER_SETS: readonly ParameterSet[] = [
  {
    ...PLAIN,
    name: 'default',
    about: 'default parameters; every account that may be is under portfolio margin',
  },
  {
    ...PLAIN,
    name: 'standard',
    mode: 'standard',
    about: 'default parameters; the same positions, all under plain standard margin',
  },
  {
    ...PLAIN,
    name: 'no-liquidators',
    takers: false,
    about: 'as default, but nobody takes a slice: insurance, then deleveraging',
  },
  {
    ...PLAIN,
    name: 'stressed',
    stress: 2,
    about: 'as default, but volatility rises twice as fast as fitted',
  },
];

/** Those that run when none is named. */
export const USUAL_SETS: readonly string[] = ['default', 'standard', 'no-liquidators'];
