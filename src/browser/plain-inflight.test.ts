/** Packet ids, and the window of a connection, in a list. */

import { inflightContract } from '../../test/contract/inflight-contract.ts';
import { Inflight } from './plain-inflight.ts';

inflightContract(Inflight);
