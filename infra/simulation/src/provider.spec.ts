import { paymentGatewayContract } from '@orderstream/payment-service/testing/payment-gateway-contract';
import { SimulatedProvider } from './provider.ts';
import { Life } from './turns.ts';

const turns = { take: () => Promise.resolve() };
const now = (): string => '2026-01-01T00:00:00.000Z';
const provider = new SimulatedProvider({ turns, now, fails: () => false, heedsKeys: true });

paymentGatewayContract('The simulated provider', () => provider.for(new Life()));
