import { createLogger, loadConfig, runService } from '@orderstream/service';
import { relayConfig } from './config.ts';
import { relayMetrics } from './relay.metrics.ts';
import { RelayModule, relayPorts } from './relay.module.ts';
import { Relay } from './relay.ts';

const EX_CONFIG = 78;

const name = 'relay';
const config = loadConfig(relayConfig);
const logger = createLogger(name, config);
const ports = relayPorts(config, logger);
const relay = new Relay(ports, logger);
const module = RelayModule.with(ports, relay, (fault) => {
  logger.fatal({ error: fault }, 'the relay does not start');
  process.exit(EX_CONFIG);
});
await runService({ name, config, logger, module, metrics: () => relayMetrics(relay) });
