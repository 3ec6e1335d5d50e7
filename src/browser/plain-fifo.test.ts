/** First in, first out, in a list. */

import { fifoContract } from '../../test/contract/fifo-contract.ts';
import { Fifo } from './plain-fifo.ts';

fifoContract(Fifo);
