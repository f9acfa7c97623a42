import { commandsOf } from '@orderstream/service';
import { paymentDecider } from './domain/payment.decider.ts';

/** Commands to any number of payments: those to one payment share an append. Answered in the order of the batch. */
export class PaymentCommands extends commandsOf(paymentDecider) {}
