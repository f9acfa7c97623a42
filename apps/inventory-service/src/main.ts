import { createLogger, loadConfig, runService } from '@orderstream/service';
import { inventoryServiceConfig } from './config.ts';
import { InventoryServiceModule } from './inventory-service.module.ts';

const name = 'inventory-service';
const config = loadConfig(inventoryServiceConfig);
const logger = createLogger(name, config);
await runService({ name, config, logger, module: InventoryServiceModule.with(config, logger) });
