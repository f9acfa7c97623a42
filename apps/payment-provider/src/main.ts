import { loadConfig, runService } from '@orderstream/service';
import { configSchema } from './config.ts';
import { PaymentProviderModule } from './payment-provider.module.ts';

const config = loadConfig(configSchema);
await runService({ name: 'payment-provider', config, module: PaymentProviderModule.with(config) });
