/** Packets that come in pieces, in memory that is there at once. */

import { assemblyContract } from '../../test/contract/assembly-contract.ts';
import { Assembly } from './plain-assembly.ts';

assemblyContract(() => new Assembly());
