/** Packets that come in pieces, in memory that grows. */

import { assemblyContract } from '../../test/contract/assembly-contract.ts';
import { Assembly } from './assembly.ts';

assemblyContract(() => new Assembly({ pool: undefined }));
