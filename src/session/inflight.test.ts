/** Packet ids, and the window of a connection, by the low bits of the ids. */

import { inflightContract } from '../../test/contract/inflight-contract.ts';
import { Inflight } from './inflight.ts';

inflightContract(Inflight);
