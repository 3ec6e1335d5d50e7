/** First in, first out, in a ring. */

import { fifoContract } from '../../test/contract/fifo-contract.ts';
import { Fifo } from './fifo.ts';

fifoContract(Fifo);
